"""Where the data folders of the project are: in the checkout, or inside the installed package.

``translators/`` and ``templates/`` stand at the top of the repository, where people read and change them. The wheel
carries copies below ``dtrans/_data/``::

    data_dir("translators")  ->  <checkout>/translators                      (checkout, editable install)
                             ->  <site-packages>/dtrans/_data/translators    (wheel)
"""

from __future__ import annotations

from pathlib import Path

from dtrans.errors import fail

_PACKAGE = Path(__file__).resolve().parent


def data_dir(name: str) -> Path:
    """The folder `name`. Raises D_DATA when the installation lacks it."""
    for root in (_PACKAGE / "_data", _PACKAGE.parent):
        if (root / name).is_dir():
            return root / name
    raise fail("D_DATA", f"this installation of dtrans lacks its folder '{name}'", hint="install it again")
