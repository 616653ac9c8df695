"""Measures of clips that ship and ask for weights of others: ``phonofilm prepare score --plugin NAME=PATH``.

Each module without a leading underscore is one, called as its file is, and defines ``plugin``. It measures by the
networks of :mod:`phonofilm.metrics`, so that a number in a data set is the number that its clips would score. Stages of
the preparation, which import no metrics, find it by name (:mod:`phonofilm.data.ingest.plugins`).
"""
