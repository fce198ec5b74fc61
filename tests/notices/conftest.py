"""The notices of both cities, loaded once."""

import pytest

from comms.city import load_city
from comms.notices import Catalogue, Renderer
from comms.settings import ROOT


@pytest.fixture(scope="session")
def duluth():
    return load_city("duluth-mn")


@pytest.fixture(scope="session")
def kent():
    return load_city("kent-oh")


@pytest.fixture(scope="session")
def renderer(duluth):
    return Renderer(Catalogue.load(ROOT, duluth), duluth)


@pytest.fixture(scope="session")
def kent_renderer(kent):
    return Renderer(Catalogue.load(ROOT, kent), kent)
