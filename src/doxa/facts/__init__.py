"""Facts and their question banks: records, loading, checking, the catalogue."""
