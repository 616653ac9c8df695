# ruff: noqa: A005  (the folder mirrors phonofilm.codecs; nothing here can shadow the standard library)
