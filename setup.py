"""Packaging of gan_repro: dependencies, extras, the console script. Nothing is computed here."""

from pathlib import Path

from setuptools import find_packages, setup

setup(
    name="gan_repro",
    version="0.1.0",
    description="Reproduction of the founding GAN papers in TensorFlow/Keras: real data, the papers' own numbers and figures",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    packages=find_packages(include=["gan_repro", "gan_repro.*", "experiments", "experiments.*"]),
    package_data={"": ["*.md", "*.html", "*.css", "*.js"], "gan_repro": ["trained/*/*", "__init__.pyi", "py.typed"]},
    classifiers=[
        "Development Status :: 4 - Beta",
        "Intended Audience :: Education",
        "Intended Audience :: Science/Research",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Typing :: Typed",
    ],
    keywords=["GAN", "generative adversarial networks", "reproduction", "Parzen window", "Keras", "TensorFlow"],
    python_requires=">=3.11",  # Keras 3.15 asks for it
    # Lower bounds are the versions that .ci/versions tests with (results/versions.md).
    install_requires=[
        "tensorflow>=2.21.0",
        "keras>=3.15.0",
        "tensorflow-datasets>=4.9.10",
        "importlib_resources>=6.0.0",  # tensorflow-datasets 4.9.10 needs it to prepare a data set and does not declare it
        "numpy>=1.26.0",
        "matplotlib>=3.8.0",
        "scipy>=1.11.2",
        "pillow>=10.0.0",
        "h5py>=3.11.0",
        "absl-py>=2.0.0",
        "lazy_loader>=0.3",
    ],
    extras_require={
        "gpu": ["tensorflow[and-cuda]>=2.21"],
        "baselines": ["scikit-learn"],  # k-means of the sanity rows (theis2015)
        "inception": ["torch-fidelity>=0.4.0"],  # Inception features of python -m gan_repro.score --inception_weights
        "bench": ["torch", "scikit-learn"],  # peers of python -m gan_repro.benchmark
        "onnx": ["onnx", "tf2onnx", "onnxruntime"],  # python -m gan_repro.export --format=onnx
        "tensorboard": ["tensorboard"],
        "rich": ["rich"],  # the table that python -m gan_repro.reproduce draws on a terminal
        "cluster": ["distributed"],  # its --cluster; dask-jobqueue besides, where workers are jobs of SLURM or PBS
        "notebooks": ["jupyterlab", "ipywidgets", "nbclient", "scikit-learn"],
        "browser": ["playwright"],  # tests of results/index.html in Chromium, which `playwright install chromium` fetches
        # setuptools and wheel: a test builds a wheel
        "test": [
            "pytest",
            "hypothesis",
            "scikit-learn",
            "tensorboard",
            "rich",
            "distributed",
            "setuptools",
            "wheel",
            "nbclient",
            "ipykernel",
            "ruff",
            "mypy",
            "pytest-xdist",
        ],
    },
    entry_points={"console_scripts": ["gan-repro=gan_repro.__main__:entry"]},
)
