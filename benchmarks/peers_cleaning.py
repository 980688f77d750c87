"""What CleanVision says of the pictures in a folder, as JSON on stdout: name -> issues. Run by cleaning.py."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from cleanvision import Imagelab

lab = Imagelab(data_path=sys.argv[1], verbose=False)
lab.find_issues(n_jobs=1, verbose=False)
columns = [name for name in lab.issues.columns if name.startswith("is_")]
print(
    json.dumps(
        {
            Path(path).name: [name[3:].removesuffix("_issue") for name in columns if row[name]]
            for path, row in lab.issues.iterrows()
        }
    )
)
