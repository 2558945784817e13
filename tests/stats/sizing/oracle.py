"""What R says: the numbers of `golden/sizes.R`."""

import json
from pathlib import Path
from typing import Any

SIZES: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parent / "golden" / "sizes.json").read_text("utf-8")
)
