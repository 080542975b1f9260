// One target's kernels: everything that is compiled for its instructions, and its table.
#pragma once
#include "layout.h"
#include "products.h"
#include "tiles.h"
#if defined(CT_HAS_HALVES)
#include "halves.h"
#endif

namespace tiles {
// Constant, because its initialisation would use the instructions on every processor.
#define CT_TABLE(target) \
  extern constexpr Target target = { \
    .name = #target, \
    .multiply = multiply_any<false>, \
    .multiply_turned = multiply_any<true>, \
    .pack = pack, \
    .pack_turned = pack_turned, \
    .transpose = transpose, \
    .add_exponentials = {add_exponentials<false>, add_exponentials<true>}, \
    .write_exponentials = {write_exponentials<false>, write_exponentials<true>}, \
    .add_softplus = {add_softplus<false>, add_softplus<true>}, \
    .close_softplus = close_softplus, \
    .write_sigmoids = {write_sigmoids<false>, write_sigmoids<true>}, \
    .add_squared_hinges = add_squared_hinges, \
    .write_hinges = write_hinges, \
    .add_bounds = add_bounds, \
    .add_sigmoid_sums = add_sigmoid_sums, \
    .add_peaks = add_peaks, \
    .add_tails = {add_tails<false>, add_tails<true>}, \
    .write_slopes = {write_slopes<false>, write_slopes<true>}, \
    .add_columns = add_columns, \
    .add_part = add_part, \
    .copy_part = copy_part, \
    .scale_row = scale_row, \
    .scale_row_to_halves = scale_row_to_halves, \
    .add_row = add_row, \
    .widen = widen, \
    .round_tile = CT_HALVES(round_tile), \
    .pair_rows = CT_HALVES(pair_rows), \
  };
#if defined(CT_HAS_HALVES)
#define CT_HALVES(function) function
#else
#define CT_HALVES(function) nullptr
#endif
}  // namespace tiles
