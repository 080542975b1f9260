// The kernels for the instructions that every processor of the architecture has.
#define CT_VECTOR_BYTES 16
#include "target.h"

namespace tiles {
#if defined(__aarch64__)
CT_TABLE(neon)
#else
CT_TABLE(generic)
#endif
}
