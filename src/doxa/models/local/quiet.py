"""Keep the bars and notes of the libraries beneath off the terminal: doxa shows its own."""

import logging


def hush() -> None:
    """Turns progress bars off and leaves only errors."""
    import datasets
    import transformers

    datasets.utils.logging.disable_progress_bar()
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # PEFT imports it where it is installed
