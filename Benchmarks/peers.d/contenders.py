"""Who runs, and with which settings.

Settings of the peers are their authors' defaults where nothing is said; what is said was good on
the Debian sets. Decant's own are chosen on documents held out of train (`--holdout`), never on test.
"""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Peer:
    name: str
    title: str
    driver: str
    settings: dict
    # Too slow or out of its depth above so many labels, unless asked for by name.
    most_labels: int = 10**9
    fewest_labels: int = 0
    # Fast enough for every kind of features; the others get the first kind only.
    takes_all_kinds: bool = False
    uses_features: bool = True


def fasttext(name, loss, epochs, rate, ngrams, **limits):
    return Peer(f"fasttext-{name}", f"fastText, {name}", "fasttext_driver.py",
                {"loss": loss, "dim": 100, "epochs": epochs, "rate": rate, "ngrams": ngrams},
                uses_features=False, **limits)


PEERS = [
    Peer("pecos", "PECOS XR-Linear", "pecos_driver.py", {"beam": 10}, takes_all_kinds=True),
    Peer("omikuji-parabel", "omikuji, Parabel", "omikuji_driver.py",
         {"trees": "parabel", "beam": 10}),
    Peer("omikuji-bonsai", "omikuji, Bonsai", "omikuji_driver.py",
         {"trees": "bonsai", "beam": 10}),
    Peer("napkinxc-plt", "napkinXC, PLT", "napkinxc_driver.py", {"model": "plt"}),
    Peer("napkinxc-br", "napkinXC, BR", "napkinxc_driver.py", {"model": "br"}, most_labels=400),
    fasttext("ova", "ova", 25, 0.3, 2, most_labels=1000),
    fasttext("softmax", "softmax", 25, 0.5, 1, most_labels=200),
    fasttext("hierarchical softmax", "hs", 25, 0.5, 1, fewest_labels=200),
    Peer("sklearn", "scikit-learn, LinearSVC a label", "sklearn_driver.py", {"c": 1.0},
         most_labels=700),
    Peer("pytorch", "PyTorch, dual encoder, decoupled softmax", "pytorch_driver.py",
         {"loss": "decoupled-softmax", "epochs": 8, "rate": 0.005}),
]
# Trees over many labels need a wider search: as in the recorded runs.
WIDE_BEAM = 30
WIDE_FROM = 2000

# Options of `decant train` by data set; "text" is on Decant's own features, "matrix" on the peers'.
# Chosen on folds of train where there is one; data sets that are absent take the defaults. A list of one
# run's options.
DECANT = {
    "emotions": {
        "matrix": [["--epochs", "40", "--batch-size", "32", "--loss", "bce",
                   "--feature-dropout", "0.5", "--dimension", "256"]]},
    "enron": {
        "matrix": [["--epochs", "10", "--batch-size", "32", "--dimension", "256",
                   "--feature-dropout", "0.5"]]},
    "medical": {
        "matrix": [["--epochs", "20", "--batch-size", "16", "--initial-scale", "0.003",
                   "--feature-dropout", "0"]]},
    "yeast": {
        "matrix": [["--epochs", "40", "--batch-size", "32", "--loss", "bce",
                   "--feature-dropout", "0.5", "--dimension", "256"]]},
}



# Means of several runs by data set: each run's options, then those of `decant evaluate`. Chosen on
# the validation part.
DEEP = ["--loss", "decoupled-softmax"]
BOTH = ["--labels", "both", "--normalized", "--batch-size", "512", "--table-learning-rate", "0.06"]
MEANS = {
    "debian-tags": {
        "Decant, mean of 4": [
            DEEP, DEEP, DEEP, ["--loss", "bce", "--wide"],
            {"evaluate": ["--logit-adjustment", "0.3"]}]},
    "debian-related": {
        "Decant, mean of 4": [
            [*DEEP, "--wide", "--wide-learning-rate", "0.1", "--wide-maximum-share", "0.02"],
            [*BOTH, "--temperature", "0.085"],
            [*BOTH, "--temperature", "0.1", "--wide", "--wide-learning-rate", "0.1"],
            ["--loss", "bce", "--wide", "--wide-learning-rate", "0.15"],
            {"evaluate": ["--logit-adjustment", "0.1"]}]},
}


def settings(peer, labels):
    result = dict(peer.settings)
    if "beam" in result and labels >= WIDE_FROM:
        result["beam"] = WIDE_BEAM
    return result


def fits(peer, labels):
    return peer.fewest_labels <= labels <= peer.most_labels
