"""What the pages show and do, without a browser."""

import pytest

from tests.desk import story


@pytest.mark.parametrize(
    "path",
    ["/", "/find?q=larson", "/find", f"/accounts/{story.MARIA}", "/worklists/replies", "/worklists/unmatched",
     "/worklists/other", "/accounts/0000555-50"],
)  # fmt: skip
def test_every_page_opens(clerk, path):
    answer = clerk.get(path)
    assert answer.status_code == 200, answer.get_data(as_text=True)[:2000]
