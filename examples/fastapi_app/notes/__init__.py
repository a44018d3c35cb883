"""A small application on FastAPI: notes that groups share. ``python -m notes`` in the folder above; see docs/tutorials/fastapi.md."""
