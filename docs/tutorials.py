"""The tutorials: the notebooks as pages, with what their cells gave.

``python -m docs.tutorials`` executes the notebooks (a minute each) and keeps in ``docs/tutorials`` what each cell gave;
``make docs`` puts text, code and that together. The notebooks themselves are kept without outputs.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
NOTEBOOKS = HERE.parent / "notebooks"
KEPT = HERE / "tutorials"
DATASET = HERE.parents[1] / "shared" / "data" / "online_retail_ii" / "online_retail_II.parquet"
VARIABLE = "CHURNML_ONLINE_RETAIL_II"
_COLOURS = 96


def write_tutorials(folder: Path) -> None:
    """Write a page and its pictures for every notebook."""
    folder.mkdir(parents=True, exist_ok=True)
    for notebook in sorted(NOTEBOOKS.glob("*.ipynb")):
        kept = read_outputs(notebook.stem)
        (folder / f"{notebook.stem}.md").write_text(_page(notebook, kept), encoding="utf-8")
        for picture in (KEPT / notebook.stem).glob("*.png"):
            (folder / notebook.stem).mkdir(exist_ok=True)
            shutil.copy(picture, folder / notebook.stem / picture.name)


def cells_of(notebook: Path) -> list[dict[str, Any]]:
    """Give the cells of a notebook: its ``id``, ``cell_type`` and ``source`` as one text."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return [{**cell, "source": "".join(cell["source"])} for cell in cells]


def read_outputs(name: str) -> dict[str, Any]:
    """Give what is kept of a notebook: ``code``, the fingerprint of its cells, and ``outputs`` by cell."""
    kept: dict[str, Any] = json.loads((KEPT / name / "outputs.json").read_text(encoding="utf-8"))
    return kept


def fingerprint(notebook: Path) -> str:
    """Tell the code of a notebook apart from any other, whatever is written between the cells."""
    code = [cell["source"] for cell in cells_of(notebook) if cell["cell_type"] == "code"]
    return hashlib.sha256("\0".join(code).encode()).hexdigest()[:16]


def keep_outputs(notebook: Path) -> None:
    """Execute a notebook and keep what its cells gave."""
    import nbclient
    import nbformat

    read = nbformat.read(notebook, as_version=4)
    folder = KEPT / notebook.stem
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        nbclient.NotebookClient(read, timeout=900, resources={"metadata": {"path": scratch}}).execute()
    outputs = {}
    for cell in read.cells:
        if cell.cell_type == "code" and cell.outputs:
            outputs[cell.id] = [_kept(output, folder, f"{cell.id}-{n}") for n, output in enumerate(cell.outputs)]
    text = json.dumps({"code": fingerprint(notebook), "outputs": outputs}, indent=1, ensure_ascii=False)
    (folder / "outputs.json").write_text(f"{text}\n", encoding="utf-8")


def _kept(output: Any, folder: Path, name: str) -> dict[str, str]:
    data = output.get("data", {"text/plain": output.get("text", "")})
    if "image/png" in data:
        import base64

        from PIL import Image

        drawn = Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).convert("RGB").quantize(_COLOURS)
        drawn.save(folder / f"{name}.png", optimize=True)
        return {"picture": f"{name}.png"}
    if "text/html" in data:
        lines = [line.rstrip() for line in data["text/html"].splitlines()]
        return {"html": "\n".join(line for line in lines if line)}
    return {"text": data["text/plain"].rstrip()}


def _page(notebook: Path, kept: dict[str, Any]) -> str:
    parts = []
    for cell in cells_of(notebook):
        if cell["cell_type"] == "markdown":
            text = re.sub(r"\((\w+)\.ipynb\)", r"(\1.md)", cell["source"])
            if not parts:
                title, _, rest = text.partition("\n")
                source = f"This page is the notebook `notebooks/{notebook.name}`, with what its cells gave."
                text = "\n".join([title, "", source, rest])
            parts.append(text)
            continue
        parts.append(f"``` python\n{cell['source']}\n```")
        for output in kept["outputs"].get(cell["id"], []):
            parts.append(_shown(output, notebook.stem))
    return "\n\n".join(parts) + "\n"


def _shown(output: dict[str, str], name: str) -> str:
    if "picture" in output:
        return f"![What this cell draws]({name}/{output['picture']})"
    if "html" in output:
        table = output["html"].replace('<table border="1" class="dataframe">', "<table>")  # as the other tables look
        return f'<div class="md-typeset__scrollwrap">\n{table}\n</div>'
    return f"``` text\n{output['text']}\n```"


def main() -> None:
    """Execute the notebooks that are named, or all; the real shop's needs its dataset."""
    for notebook in sorted(NOTEBOOKS.glob("*.ipynb")):
        if sys.argv[1:] and notebook.stem not in sys.argv[1:]:
            continue
        if notebook.stem == "02_real_shop" and VARIABLE not in os.environ:
            if not DATASET.exists():
                print(f"{notebook.name}: left as it is; name the published file in {VARIABLE}.")
                continue
            os.environ[VARIABLE] = str(DATASET)
        os.environ["MLFLOW_TRACKING_URI"] = "sqlite:///mlflow.db"
        print(f"{notebook.name} ...")
        keep_outputs(notebook)


if __name__ == "__main__":
    main()
