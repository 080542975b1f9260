#!/usr/bin/env python3
"""Writes the golden of Sources/Datasets/Vocabulary.

    Scripts/goldens/vocabularies.py      (rdflib 7)

A small SKOS vocabulary in three forms, and the concepts that rdflib finds in it, by language.
"""
import json
import pathlib

import rdflib
from rdflib.namespace import OWL, RDF, SKOS

TURTLE = """
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix ex: <http://example.org/> .

ex:scheme a skos:ConceptScheme ; skos:prefLabel "Ämnen"@sv , "Subjects"@en .
ex:animals a skos:Concept ;
  skos:prefLabel "djur"@sv , "animals"@en ;
  skos:altLabel "fauna"@sv , "beasts"@en , "Tiere"@de ;
  skos:notation "58" ;
  skos:narrower ex:dogs ;
  skos:topConceptOf ex:scheme .
ex:dogs a skos:Concept ;
  skos:prefLabel "hundar"@sv-FI , "dogs"@en ;
  skos:altLabel "tamhundar"@sv , "hunds \\"best\\" friends"@en , "jyckar\\tbyrackor"@sv ;
  skos:broader ex:pets ;
  skos:notation "58.1" .
ex:pets a skos:Concept ; skos:prefLabel "sällskapsdjur"@sv , "pets"@en ; skos:broader ex:animals .
ex:emoji a skos:Concept ; skos:prefLabel "😀"@sv , "caf\\u0065\\u0301"@en .
ex:old a skos:Concept ; owl:deprecated true ; skos:prefLabel "gammalt"@sv ; skos:broader ex:pets .
ex:nameless a skos:Concept ; skos:prefLabel "only"@en ; skos:broader ex:old , ex:animals .
ex:untagged a skos:Concept ; skos:prefLabel "utan språk" ; skos:altLabel "ohne" .
ex:group a skos:Collection ; skos:prefLabel "grupp"@sv ; skos:member ex:dogs .
"""


def literals(graph, concept, predicate, language):
    def matches(literal):
        tag = (literal.language or "").lower()
        return tag == language or tag.startswith(language + "-")

    own = [o for o in graph.objects(concept, predicate) if matches(o)]
    plain = [o for o in graph.objects(concept, predicate) if o.language is None]
    return sorted(str(o) for o in own or plain)


def entries(graph, language):
    concepts = [
        c for c in graph.subjects(RDF.type, SKOS.Concept)
        if (c, OWL.deprecated, rdflib.Literal(True)) not in graph
    ]
    found = []
    for concept in sorted(concepts):
        parents = set(graph.objects(concept, SKOS.broader)) | set(graph.subjects(SKOS.narrower, concept))
        preferred = literals(graph, concept, SKOS.prefLabel, language)
        found.append({
            "id": str(concept),
            "text": preferred[0] if preferred else None,
            "alternatives": literals(graph, concept, SKOS.altLabel, language),
            "parents": sorted(str(p) for p in parents if p in concepts),
            "notation": next((str(n) for n in graph.objects(concept, SKOS.notation)), None),
        })
    return found


graph = rdflib.Graph().parse(data=TURTLE, format="turtle")
cases = [
    {
        "turtle": TURTLE,
        "xml": graph.serialize(format="xml"),
        "triples": graph.serialize(format="nt"),
        "language": language,
        "entries": entries(graph, language),
    }
    for language in ("sv", "en")
]
golden = {
    "source": "rdflib", "version": rdflib.__version__, "script": "Scripts/goldens/vocabularies.py",
    "cases": cases,
}
path = pathlib.Path(__file__).resolve().parents[2] / "Tests/DatasetsTests/Goldens/LabelVocabulary.json"
path.write_text(json.dumps(golden) + "\n")
