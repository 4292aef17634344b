"""Keep the bars and notes of transformers and datasets off the terminal: doxa shows its own."""


def hush() -> None:
    """Turns progress bars off and leaves only errors."""
    import datasets
    import transformers

    datasets.utils.logging.disable_progress_bar()
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
