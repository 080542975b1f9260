#!/usr/bin/env python3
"""Writes Tests/DatasetsTests/Goldens/TokenizerPipeline.json: ids of difficult texts by `tokenizers`.

The tokenizers are trained here on a few sentences, in the layouts of published encoders. Needs
`tokenizers` and `sentencepiece`, which compiles a small table of characters.
"""
import io
import json
import pathlib
import tempfile

import sentencepiece
import tokenizers
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

TRAINING = [
    "The quick brown fox jumps over the lazy dog, and the dog doesn't care.", "Naïve café résumé, 1234 and 56.",
    "We've seen that they're here; it's what I'd say they'll do.", "Привет мир, это текст.", "日本語のテキスト 中文文本",
    "Ελληνικά και Ångström ﬁ ½", "emoji 😀 👍🏽", "tabs\tand  double  spaces\n\nand lines", "हिन्दी عربي 한국어",
] * 4
TEXTS = [
    "", " ", "   ", "\n", "a", "Hello, World!", "The quick brown fox doesn't jump", "we'Ve they're I'd 's 'S", "  leading and trailing  ",
    "two  spaces\t\ttabs\n\nlines \n mixed", "naïve café e\u0301\u0323 résumé ﬁ½²Ⅷ①", "Straße İstanbul ΑΣ ΣΑΣ", "日本語、漢字カナ中文", "한국어 ㄱㅏ \u1100\u1161",
    "emoji 😀👍🏽 👨‍👩‍👧 🏳️‍🌈 🇫🇮", "हिन्दी عربيةَ עִבְרִית ไทย", "nul\x00in\x01side\x7f\ufffd\u200b\u200d\ufeff\u00ad", "\x0b\x0c\x85\u00a0\u2028\u3000wide",
    "123 45678 ٣४ 1e-10 3.14", "don't!?...--(brackets)[x]{y}<z>", "word<mask>word <mask> [MASK]x<s></s>", "xyzzy xyzzyx _xyzzy xyzzy.", "Quux quux QUUX",
    "a" * 40 + " " + "ab " * 12, " " * 30 + "x", "e\u0301" * 8, "\u0301alone", "Ａｂｃ１２３ ｱﾞ ㍿", "CR\r\nLF\rend", "unk \U0001f9ff\U0001f9ff \U00020000", "▁Ġ##x</w>",
    "\U000e0067\u0301 \U0001d400\u0301", "https://example.org/~user?q=1&r=%20",
]
LIMIT = 8
# The benchmark trains larger tokenizers on other texts.
SIZE = 1


def template(tokenizer, first, last):
    tokens = [(t, tokenizer.token_to_id(t)) for t in (first, last) if t]
    return processors.TemplateProcessing(single=" ".join(filter(None, (first, "$A", last))), special_tokens=tokens)


def word_piece():
    t = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=20))
    t.normalizer = normalizers.BertNormalizer()
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.train_from_iterator(TRAINING, trainers.WordPieceTrainer(vocab_size=230 * SIZE, show_progress=False, special_tokens=["<s>", "<pad>", "</s>", "[UNK]"]))
    t.add_special_tokens([AddedToken("<mask>", lstrip=True, normalized=False)])
    t.add_tokens([AddedToken("xyzzy", single_word=True), AddedToken("Quux")])
    t.post_processor = processors.BertProcessing(("</s>", 2), ("<s>", 0))
    return t


def byte_level(pre_tokenizer, normalizer=None, first="<s>", last="</s>"):
    t = Tokenizer(models.BPE())
    if normalizer:
        t.normalizer = normalizer
    t.pre_tokenizer = pre_tokenizer
    t.train_from_iterator(TRAINING, trainers.BpeTrainer(
        vocab_size=330 * SIZE, show_progress=False, special_tokens=["<s>", "<pad>", "</s>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    t.add_tokens([AddedToken(" " * n) for n in (8, 4, 2)])
    t.add_special_tokens([AddedToken("<mask>", lstrip=True, rstrip=True), AddedToken("[MASK]", normalized=False)])
    t.post_processor = template(t, first, last)
    return t


def roberta():
    t = byte_level(pre_tokenizers.ByteLevel(add_prefix_space=True))
    t.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return t


def splitting():
    pattern = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?+[\p{Lu}\p{M}]*+\p{L}+|\p{N}{1,3}"
               r"| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+")
    parts = [pre_tokenizers.Split(Regex(pattern), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    t = byte_level(pre_tokenizers.Sequence(parts), normalizers.NFC(), first=None)
    t.post_processor = processors.Sequence([processors.ByteLevel(), t.post_processor])
    return t


def fallback():
    t = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    t.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    special = ["<unk>", "<s>"] + [f"<0x{i:02X}>" for i in range(0, 256)]
    t.train_from_iterator(TRAINING, trainers.BpeTrainer(vocab_size=420 * SIZE, show_progress=False, special_tokens=special, limit_alphabet=60, max_token_length=6))
    t.post_processor = template(t, "<s>", None)
    return t


def words():
    t = Tokenizer(models.BPE(unk_token="[UNK]", end_of_word_suffix="</w>"))
    t.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), normalizers.Lowercase(), normalizers.StripAccents()])
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.Digits(individual_digits=True)])
    t.train_from_iterator(TRAINING, trainers.BpeTrainer(vocab_size=200 * SIZE, show_progress=False, special_tokens=["[UNK]"], end_of_word_suffix="</w>", limit_alphabet=50))
    return t


def prefixes():
    t = Tokenizer(models.BPE(unk_token="[UNK]", continuing_subword_prefix="##", fuse_unk=True))
    t.normalizer = normalizers.Sequence([normalizers.NFKD(), normalizers.Strip()])
    t.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation("merged_with_previous"), pre_tokenizers.Digits()])
    t.train_from_iterator(TRAINING, trainers.BpeTrainer(
        vocab_size=200 * SIZE, show_progress=False, special_tokens=["[UNK]"], continuing_subword_prefix="##", limit_alphabet=50))
    t.enable_truncation(LIMIT, direction="left")
    return t


def unigram(normalizer, pre_tokenizer):
    """The pieces and the table of characters are SentencePiece's."""
    with tempfile.NamedTemporaryFile("w", suffix=".tsv", encoding="utf-8") as rules:
        # Replacements of characters, of clusters, by nothing and by several characters.
        for old, new in [("FB01", "66 69"), ("BD", "31 2F 32"), ("9", "20"), ("A", "20"), ("200B", ""), ("65 301", "E9"), ("FF21", "41")]:
            rules.write(f"{old}\t{new}\n")
        rules.flush()
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(TRAINING), model_writer=model, vocab_size=100 * SIZE, model_type="unigram",
            normalization_rule_tsv=rules.name, character_coverage=0.98, minloglevel=2)
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(model.getvalue())
    pieces = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)] + [(p.piece, round(p.score, 4)) for p in proto.pieces[3:]]
    t = Tokenizer(models.Unigram(pieces + [("<mask>", 0.0)], unk_id=3))
    table = normalizers.Precompiled(proto.normalizer_spec.precompiled_charsmap)
    t.normalizer = normalizers.Sequence([table] + normalizer) if normalizer else table
    t.pre_tokenizer = pre_tokenizer
    t.add_special_tokens([AddedToken(x, normalized=False) for x in ("<s>", "<pad>", "</s>", "<unk>")])
    t.add_special_tokens([AddedToken("<mask>", lstrip=True, normalized=False)])
    t.post_processor = template(t, "<s>", "</s>")
    return t


def tokenizers_by_name():
    return {
        "WordPiece of MPNet": word_piece(),
        "BPE of RoBERTa": roberta(),
        "BPE of ModernBERT": byte_level(pre_tokenizers.ByteLevel(add_prefix_space=False), normalizers.NFC()),
        "BPE with a pattern": splitting(),
        "BPE with byte fallback": fallback(),
        "BPE with ends of words": words(),
        "BPE with a marker": prefixes(),
        "Unigram of XLM-R": unigram([], pre_tokenizers.Metaspace()),
        "Unigram of older XLM-R": unigram(
            [normalizers.Replace(Regex(" {2,}"), " ")], pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])),
        "Unigram, marked at the start": unigram([], pre_tokenizers.Metaspace(prepend_scheme="first", split=False)),
        "Unigram with splits": unigram(
            [], pre_tokenizers.Sequence([pre_tokenizers.Metaspace(), pre_tokenizers.Punctuation("contiguous"), pre_tokenizers.Split("e", "merged_with_next")])),
    }


def main():
    cases = []
    for name, tokenizer in tokenizers_by_name().items():
        direction = (tokenizer.truncation or {}).get("direction", "right")
        text = tokenizer.to_str()
        tokenizer.enable_truncation(LIMIT, direction=direction)
        truncated = [e.ids for e in tokenizer.encode_batch(TEXTS)]
        tokenizer.no_truncation()
        cases.append({"name": name, "tokenizer": text, "ids": [e.ids for e in tokenizer.encode_batch(TEXTS)], "truncated": truncated})
    golden = {
        "source": "tokenizers", "version": tokenizers.__version__, "script": "Scripts/goldens/tokenizer_pipeline.py",
        "limit": LIMIT, "texts": TEXTS, "cases": cases,
    }
    path = pathlib.Path(__file__).parents[2] / "Tests/DatasetsTests/Goldens/TokenizerPipeline.json"
    path.write_text(json.dumps(golden, ensure_ascii=True, separators=(",", ":")) + "\n")
    print(path, path.stat().st_size, {c["name"]: sum(map(len, c["ids"])) for c in cases})


if __name__ == "__main__":
    main()
