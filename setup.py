"""Metadata, entry points and the assets mapping of datasette-llm-tools."""

from pathlib import Path

from setuptools import find_packages, setup

PICTURES = ["vl-convert-python>=1.9,<2"]
LOCAL = ["xllamacpp>=2026.10,<2027"]
TEST = [
    "build",
    "html5lib",
    "hypothesis",
    "mypy>=2,<3",
    "playwright",
    "psutil",
    "pytest>=9",
    "pytest-asyncio>=1.5",
    "ruff>=0.17,<0.18",
    "setuptools>=77",
    "types-html5lib",
    "types-jsonschema",
]

setup(
    name="datasette-llm-tools",
    version="0.1a0",
    description="Ask SQLite databases and files questions in plain words, in Datasette",
    long_description=Path("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.10",
    # templates/ and static/ stand at the top, where people look; Datasette
    # looks for them inside the package. This mapping serves wheels, and two
    # committed symlinks in the package serve `pip install -e .`.
    packages=[
        *find_packages(include=["datasette_llm_tools", "datasette_llm_tools.*"]),
        "datasette_llm_tools.templates",
        "datasette_llm_tools.static",
    ],
    package_dir={
        "datasette_llm_tools.templates": "templates",
        "datasette_llm_tools.static": "static",
    },
    package_data={
        "datasette_llm_tools": ["py.typed"],
        "datasette_llm_tools.templates": ["**/*"],
        "datasette_llm_tools.static": ["**/*"],
    },
    install_requires=[
        "anyio>=4,<5",
        "datasette>=1.0a41",
        "datasette-llm>=0.1a8",
        "genai-prices>=0.2,<0.3",
        "html5lib",
        "httpcore2>=2.16,<3",
        "httpx2>=2.16,<3",
        "jinja2",
        "json-repair>=0.64,<1",
        "jsonschema>=4.26,<5",
        "llm>=0.36",
        "markdown-it-py>=4,<5",
        "nh3>=0.3,<0.4",
        "pyyaml>=6,<7",
        "rapidfuzz>=3.14,<4",
        "sqlglot>=30,<31",
        "sqlite-utils>=4.2",
        "stamina>=26,<27",
        "tenacity>=9,<10",
    ],
    extras_require={"local": LOCAL, "pictures": PICTURES, "test": TEST},
    entry_points={
        "datasette": ["llm_tools = datasette_llm_tools"],
        "llm": ["llm_tools_local_model = datasette_llm_tools.local_model"],
    },
    classifiers=[
        "Framework :: Datasette",
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Database",
    ],
)
