"""Many packs at once: a Parquet lake in, one line of result per pack out."""
