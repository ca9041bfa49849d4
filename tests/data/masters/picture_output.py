"""picture_output.py PICTURE NOTEBOOK: gives the notebook's code cell a picture as an output, as plotting does."""

import base64
import json
import sys

picture, notebook = sys.argv[1:]
with open(notebook, encoding="utf-8") as f:
    book = json.load(f)
with open(picture, "rb") as f:
    drawn = base64.b64encode(f.read(300)).decode()
cell = next(c for c in book["cells"] if c["cell_type"] == "code")
cell["outputs"].append({
    "output_type": "display_data", "metadata": {},
    "data": {"image/png": "squidbase64" + drawn, "text/plain": ["figure captioned by the notebook"]}})
with open(notebook, "w", encoding="utf-8") as f:
    json.dump(book, f, indent=1, sort_keys=True, ensure_ascii=False)
    f.write("\n")
