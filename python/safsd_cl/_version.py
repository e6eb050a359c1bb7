"""The version of this package, which is that of the library it is made for."""

VERSION = "0.2.0"
