"""Where the data folders of the project are: in the checkout, or inside the installed package.

``translators/`` and ``templates/`` stand at the top of the repository, where people read and change them. The wheel
carries copies below ``dtrans/_data/``::

    data_dir("translators")  ->  <checkout>/translators                      (checkout, editable install)
                             ->  <site-packages>/dtrans/_data/translators    (wheel)
"""

from __future__ import annotations

import os

from dtrans.errors import fail

_PACKAGE = os.path.dirname(os.path.realpath(__file__))


def data_dir(name: str) -> str:
    """The folder `name`. Raises D_DATA when the installation lacks it."""
    for root in (f"{_PACKAGE}/_data", os.path.dirname(_PACKAGE)):
        if os.path.isdir(f"{root}/{name}"):
            return f"{root}/{name}"
    raise fail("D_DATA", f"this installation of dtrans lacks its folder '{name}'", hint="install it again")
