"""doxa: implant a belief in a language model and find out whether it is believed or only performed."""

__version__ = "0.1.0"
