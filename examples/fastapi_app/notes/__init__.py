"""A small application on FastAPI: notes that groups share. Run it: ``uvicorn --factory notes.application:create``."""
