"""Reads the Mulan multi-label data sets: xz-compressed ARFF with an XML list of the labels."""
import lzma
import re
import xml.etree.ElementTree


def fields(line):
    return [field.strip().strip("'\"") for field in line.split(",")]


def read_arff(path, names):
    """Rows of (features by name, labels)."""
    attributes, rows, in_data = [], [], False
    for line in lzma.open(path, "rt", encoding="utf-8", errors="replace"):
        line = line.strip()
        if not line or line.startswith("%"):
            continue
        if not in_data:
            if line.lower().startswith("@data"):
                in_data = True
            elif line.lower().startswith("@attribute"):
                found = re.match(r"@attribute\s+('(?:[^'\\]|\\.)*'|\"[^\"]*\"|\S+)\s+(.*)", line, re.I)
                name = found[1].strip("'\"").replace("\\'", "'")
                kinds = fields(found[2].strip("{} ")) if found[2].startswith("{") else None
                attributes.append((name, kinds))
            continue
        if line.startswith("{"):
            cells = [cell.split() for cell in line.strip("{} ").split(",") if cell.strip()]
            cells = [(int(cell[0]), cell[1]) for cell in cells]
        else:
            cells = list(enumerate(fields(line)))
        features, labels = {}, []
        for index, text in cells:
            name, kinds = attributes[index]
            if name in names:
                if float(text) == 1:
                    labels.append(name)
            elif kinds is not None and set(kinds) - {"0", "1"}:
                features[f"{name}={text}"] = 1.0
            elif text != "?" and float(text) != 0:
                features[name] = float(text)
        rows.append((features, labels))
    return rows


def read_mulan(folder, name, parts=("train", "test")):
    """The labels and the rows of Mulan's NAME.xml and NAME-PART.arff.xz."""
    labels = [
        element.attrib["name"].replace("\\'", "'")
        for element in xml.etree.ElementTree.parse(folder / f"{name}.xml").getroot()
    ]
    rows = []
    for part in parts:
        for infix in ("", "-sparse"):
            path = folder / f"{name}-{part}{infix}.arff.xz"
            if path.exists():
                rows += read_arff(path, set(labels))
    return labels, rows
