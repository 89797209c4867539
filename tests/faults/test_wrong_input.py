"""Wrong command lines, recipes, data and folders, as one table over all programs: one line on stderr, an exit code, no file.

What the readers accept is in tests/data; runs that were damaged are elsewhere in tests/faults.
"""

import json
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import io

from gan_repro import evaluate, run, sample, ship, shipped, tables
from gan_repro.papers import configuration
from gan_repro.runs import runner

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = {"run": run, "evaluate": evaluate, "sample": sample, "ship": ship, "shipped": shipped, "tables": tables}
G, T, C, D, W = (f"--experiment={name}" for name in ("goodfellow2014", "theis2015", "cgan", "dcgan", "wgan"))
SMOKE, OWN, LONG = "--preset=smoke", "--dataset=npz:good.npz", "x" * 5000
SIDE, N = 8, 60

# ---- wrong usage: exit code 2, nothing on stdout, no TensorFlow ------------------------------------------------------

# (program, arguments, words that the line must hold)
USAGE = [
    ("run", [], ["--experiment=NAME is missing", "cgan, dcgan, goodfellow2014, theis2015, wgan", "--list"]),
    ("run", ["--experiment="], ["--experiment= is empty"]),
    ("run", ["--experiment=goodfelow2014"], ["'goodfelow2014'", "theis2015", "Did you mean goodfellow2014?"]),
    ("run", ["--experiment=__init__"], ["unknown experiment", "goodfellow2014, theis2015"]),
    ("run", ["--experiment=goodfellow2014.mnist"], ["unknown experiment", "Did you mean goodfellow2014?"]),
    ("run", ["--experiment=../x"], ["unknown experiment '../x'"]),
    ("run", ["--experiment=cgan\nwgan"], ["unknown experiment 'cgan\\nwgan'"]),
    ("run", ["--experimnt=goodfellow2014"], ["--experimnt", "Did you mean --experiment?", "--workdir"]),
    ("run", [G, "--dry-run"], ["--dry-run", "Did you mean --dry_run?"]),
    ("run", [G, "--learning_rate=1"], ["--learning_rate", "valid:"]),
    ("run", [G, "stray"], ["'stray'", "--name=value"]),
    ("run", [G, "--", "--seed=1"], ["'--seed=1'", "--name=value"]),
    ("run", [G, "--workdir"], ["Missing value", "workdir"]),
    ("run", [G, "--tensorboard=maybe"], ["--tensorboard=maybe", "true or false"]),
    ("run", [G, "--flagfile=none"], ["none"]),
    ("run", [G, "--workdir=\udcff"], ["'--workdir=\\udcff' is not UTF-8"]),
    # data sets and presets
    ("run", [G, "--dataset=mnsit"], ["'mnsit'", "mnist, tfd,", "npz:PATH, images:FOLDER", "Did you mean mnist?"]),
    ("run", [G, "--dataset="], ["--dataset= is empty"]),
    ("run", [T, "--dataset=gaussian1d"], ["'gaussian1d'", "mnist, cifar10"]),
    ("run", [C, "--dataset=cifar10"], ["'cifar10'", "mnist, glyphs"]),
    ("run", [D, "--dataset=tfd"], ["'tfd'", "svhn_cropped"]),
    ("run", [W, "--dataset=two_gaussian"], ["'two_gaussian'", "Did you mean two_gaussians?"]),
    ("run", [G, "--dataset=npz"], ["'npz'", "Did you mean npz:PATH?"]),
    ("run", [G, "--dataset=npz:"], ["'npz:'", "npz:PATH"]),
    ("run", [G, "--dataset=images"], ["'images'", "Did you mean images:FOLDER?"]),
    ("run", [G, "--dataset=mnist:x"], ["'mnist:x'", "Did you mean mnist?"]),
    ("run", [G, "--dataset=Ziffern größer\n0"], ["'Ziffern größer\\n0'", "mnist, tfd,"]),
    ("run", [G, "--preset=papr"], ["'papr'", "paper, quick, smoke", "Did you mean paper?"]),
    ("run", [G, "--preset="], ["--preset= is empty"]),
    ("run", [W, "--dataset=celeb_a", "--preset=quick-mlp-gan"], ["--preset=quick --model=NAME", "Did you mean mlp-gan?"]),
    ("run", [W, "--preset=smoke-28"], ["--preset=smoke --model=NAME", "Models: dcgan, dcgan-gan"]),
    ("run", [W, "--preset=quik-mlp"], ["'quik-mlp'", "paper, quick, smoke"]),
    ("run", [W, "--model=mlp-gam"], ["'mlp-gam'", "nonorm-gan", "Did you mean mlp-gan?"]),
    ("run", [W, "--model="], ["--model= is empty"]),
    ("run", [G, "--dataset=mnist", "--model=tfd"], ["--model=tfd is not for mnist", "tfd96", "mnist: mnist"]),
    ("run", [T, "--model=paper"], ["'paper'", "reference"]),
    # numbers of flags
    ("run", [G, "--seed=-1"], ["seed = -1", ">= 0"]),
    ("run", [G, "--seed=2147483648"], ["seed = 2147483648", "< 2**31"]),
    ("run", [G, f"--seed={'9' * 5000}"], ["--seed=", "4300 digits"]),
    ("run", [G, "--seed=1.5"], ["--seed=1.5", "whole number"]),
    ("run", [G, "--seed="], ["--seed=", "whole number"]),
    ("run", [G, "--epochs=0"], ["epochs = 0: must be >= 1"]),
    ("run", [G, "--epochs=-3"], ["epochs = -3: must be >= 1"]),
    ("run", [G, "--epochs=many"], ["--epochs=many", "whole number"]),
    ("run", [G, "--epochs=10000000"], ["epochs = 10000000", "<= 1000000"]),
    ("run", [T, "--epochs=3"], ["--epochs=3", "theis2015 trains nothing"]),
    # --set
    ("run", [G, "--set"], ["Missing value", "set"]),
    ("run", [G, "--set=momentum"], ["--set=momentum", "key=value"]),
    ("run", [G, "--set="], ["--set= is empty"]),
    ("run", [G, "--set=two\nlines"], ["--set=two\\nlines: must be key=value"]),
    ("run", [G, "--set=learning_rat=1"], ["'learning_rat'", "momentum_saturates", "Did you mean learning_rate?"]),
    ("run", [G, "--set=learning_rate =1"], ["'learning_rate '", "Did you mean learning_rate?"]),
    ("run", [G, "--set=seed=3"], ["unknown recipe field 'seed'"]),
    ("run", [T, "--set=latent=3"], ["'latent'", "centroids"]),
    ("run", [G, "--set=d_steps=0"], ["unknown recipe field 'd_steps'", "batch_size"]),
    ("run", [G, "--set=pieces=2.5"], ["--set=pieces=2.5", "whole number"]),
    ("run", [G, "--set=learning_rate=fast"], ["--set=learning_rate=fast", "a number"]),
    ("run", [G, "--set=learning_rate=nan"], ["--set=learning_rate=nan", "finite"]),
    ("run", [G, "--set=learning_rate=1e999"], ["--set=learning_rate=1e999", "finite"]),
    ("run", [G, "--set=learning_rate=0"], ["learning_rate = 0.0: must be"]),
    ("run", [G, "--set=momentum=1"], ["momentum = 1.0: must be", "< 1"]),
    ("run", [G, "--set=input_keep=1.1"], ["input_keep = 1.1: must be", "<= 1"]),
    ("run", [G, "--set=jit_compile=1"], ["--set=jit_compile=1", "true or false"]),
    ("run", [G, "--set=prior=gausian"], ["uniform_unit_variance, gaussian, spherical", "Did you mean gaussian?"]),
    ("run", [G, "--set=precision=float16"], ["float32, mixed_bfloat16"]),
    ("run", [G, "--set=generator_units=1200,x"], ["--set=generator_units=x", "whole number"]),
    ("run", [G, "--set=generator_units=64,0"], ["generator_units = (64, 0): must be >= 1"]),
    ("run", [G, "--set=pieces=2", "--set=latent=-1"], ["latent = -1: must be >= 1"]),
    ("run", [G, "--set=batch_size=0"], ["batch_size = 0: must be >= 1"]),
    ("run", [G, "--set=steps_per_epoch=-1"], ["steps_per_epoch = -1: must be >= 0"]),
    ("run", [G, "--set=validate_every=0"], ["validate_every = 0: must be >= 1"]),
    ("run", [G, "--set=n_samples=1"], ["n_samples = 1: must be >= 2"]),
    ("run", [G, "--set=averages=swa-.9"], ["'swa-.9'", "ema-DECAY", "mean-from-EPOCH"]),
    ("run", [G, "--set=averages=exponential-1"], ["'exponential-1'", "DECAY < 1"]),
    ("run", [G, "--set=averages=exponential-.5,exponential-0.5"], ["exponential-0.5", "once"]),
    ("run", [G, f"--set=averages=uniform-{10**30}"], ["EPOCH <= 1000000"]),
    ("run", [G, f"--set=averages=exponential-.{'9' * 300}"], ["ema-DECAY", "plain digits"]),
    ("run", [G, "--set=averages=uniform-5\n"], ["'uniform-5\\n'", "plain digits"]),
    # fields of single experiments
    ("run", [G, "--dataset=tfd", "--set=bottom_units=8000,99"], ["bottom_units = (8000, 99), latent = 100", "equal latent"]),
    ("run", [G, "--dataset=tfd", "--set=generator_units=8000"], ["generator_units = (8000,): must be two numbers"]),
    ("run", [G, "--dataset=tfd", "--set=sparse_connections=9000"], ["sparse_connections = 9000: must be <= 8000"]),
    ("run", [G, "--dataset=tfd", "--set=max_column_norm=0"], ["max_column_norm = 0.0: must be", "> 0"]),
    ("run", [G, "--model=convolutional", "--set=kernels=8,8"], ["kernels", "all as many"]),
    ("run", [G, "--model=convolutional", "--set=seed_size=11"], ["multiple of 121"]),
    ("run", [G, "--dataset=cifar10", "--set=contrast_norm=-1"], ["contrast_norm = -1.0: must be", "> 0"]),
    ("run", [G, "--dataset=gaussian1d", "--set=generator_irange=1,1"], ["generator_irange must have 3 numbers"]),
    ("run", [G, "--dataset=gaussian1d", "--set=g_every=0"], ["g_every = 0: must be >= 1"]),
    ("run", [T, "--set=centroids=0"], ["centroids = 0: must be >= 1"]),
    ("run", [T, "--set=iterations=1e3"], ["--set=iterations=1e3", "whole number"]),
    ("run", [C, "--set=keep=0"], ["keep = 0.0: must be", "> 0"]),
    ("run", [C, "--set=dropout=.5"], ["unknown recipe field 'dropout'", "dropout_in_samples"]),
    ("run", [C, "--set=dropout_in_samples=no"], ["dropout_in_samples=no", "true or false"]),
    ("run", [C, "--set=label_units="], ["--set=label_units=", "whole number"]),
    ("run", [C, "--set=prior=spherical"], ["uniform_0_1, uniform_-1_1"]),
    ("run", [D, "--set=upsampling=nearest"], ["transposed_convolution, upsampling_convolution"]),
    ("run", [D, "--set=output=linear"], ["sigmoid, tanh"]),
    ("run", [D, "--set=generator_strides=2"], ["generator_channels and generator_strides", "as many"]),
    ("run", [D, "--set=generator_channels=", "--set=generator_strides="], ["generator_channels must have at least one"]),
    ("run", [D, "--set=slope=-.1"], ["slope = -0.1: must be >= 0"]),
    ("run", [D, "--set=norm_momentum=1"], ["norm_momentum = 1.0: must be", "< 1"]),
    ("run", [D, "--set=decay_epochs=-1"], ["decay_epochs = -1: must be >= 0"]),
    ("run", [W, "--set=n_critic=0"], ["n_critic = 0: must be >= 1"]),
    ("run", [W, "--set=clip=-.01"], ["clip = -0.01: must be >= 0"]),
    ("run", [W, "--set=clip=inf"], ["--set=clip=inf", "finite"]),
    ("run", [W, "--set=long_length=0"], ["long_length = 0: must be >= 1"]),
    ("run", [W, "--set=optimizer=sgd"], ["rmsprop, adam"]),
    ("run", [W, "--set=critic=linear"], ["convolutional, mlp"]),
    ("run", [W, "--set=units="], ["units must have at least one number"]),
    ("run", [W, "--dataset=parallel_lines", "--set=thetas=40"], ["thetas = 40: must be odd"]),
    ("run", [W, "--dataset=two_gaussians", "--set=generated_std=0"], ["generated_std = 0.0: must be", "> 0"]),
    # more than any memory holds
    ("run", [G, f"--set=latent={10**12}"], [f"latent = {10**12}: must be >= 1 and <= 100000"]),
    ("run", [C, f"--set=batch_size={10**9}"], [f"batch_size = {10**9}: must be >= 1 and <= 1000000"]),
    ("run", [G, f"--set=generator_units={10**9},{10**9}"], ["generator_units", "<= 100000"]),
    ("run", [G, f"--set=n_samples={10**9}"], [f"n_samples = {10**9}", "<= 1000000"]),
    ("run", [C, f"--set=joint_units={10**6}"], ["joint_units = 1000000", "<= 100000"]),
    ("run", [D, f"--set=generator_channels={10**5},{10**5}"], ["generator_channels", "<= 10000"]),
    ("run", [D, "--set=kernel_size=1000"], ["kernel_size = 1000", "<= 100"]),
    ("run", [W, f"--set=critic_channels=64,128,256,{10**7}"], ["critic_channels", "<= 10000"]),
    ("run", [T, f"--set=centroids={10**30}"], ["centroids = 1000000000000000000000000000000", "<= 10000000"]),
    # the other programs
    ("evaluate", [], ["--workdir=DIR is missing"]),
    ("run", [G, "--workdir="], ["--workdir= is empty", "leave the flag out"]),
    ("run", [G, "--dry_run", "--workdir="], ["--workdir= is empty"]),
    ("run", [G, "--dry_run", "--workdir", ""], ["--workdir= is empty"]),
    ("run", [G, "--dry_run", "--data_dir="], ["--data_dir= is empty"]),
    ("evaluate", ["--workdir="], ["--workdir= is empty"]),
    ("evaluate", ["--workdir=cgan", "--data_dir="], ["--data_dir= is empty"]),
    ("ship", ["--workdir=cgan", "--data_dir="], ["--data_dir= is empty"]),
    ("ship", ["--workdir=cgan", "--networks="], ["--networks= is empty"]),
    ("shipped", ["--results="], ["--results= is empty"]),
    ("evaluate", ["--workdr=x"], ["Did you mean --workdir?"]),
    ("evaluate", ["--help=maybe"], ["--help=maybe", "true or false"]),
    ("evaluate", ["--workdir=cgan", "--epochs=3"], ["unknown flag --epochs", "--workdir, --data_dir"]),
    ("evaluate", ["cgan"], ["unexpected argument 'cgan'"]),
    ("tables", ["--ad=x"], ["Did you mean --add?"]),
    ("tables", ["records"], ["unexpected argument 'records'"]),
    ("tables", ["--results="], ["--results= is empty"]),
    ("tables", ["--add="], ["--add= is empty"]),
    ("sample", [], ["--workdir=DIR is missing"]),
    ("sample", ["--workdir=cgan", "--n=0"], ["--n=0", ">= 1"]),
    ("sample", ["--workdir=cgan", "--n=-4"], ["--n=-4", ">= 1"]),
    ("sample", ["--workdir=cgan", "--n=many"], ["--n=many", "whole number"]),
    ("sample", ["--workdir=cgan", "--n=2000000000"], ["2000000000 at once", "fewer"]),
    ("sample", ["--workdir=cgan", "--n=1000000"], ["picture of 1000 x 1000", "too large", "--out=FILE.npz"]),
    ("sample", ["--workdir=cgan", "--grid=1x5000"], ["1 x 5000", "too large"]),
    ("sample", ["--workdir=cgan", "--seed=-1"], ["--seed=-1", ">= 0"]),
    ("sample", ["--workdir=cgan", "--seed=2147483648"], ["< 2**31"]),
    ("sample", ["--workdir=cgan", "--grid=4"], ["--grid=4", "ROWSxCOLUMNS"]),
    ("sample", ["--workdir=cgan", "--grid=0x5"], ["--grid=0x5", "ROWSxCOLUMNS"]),
    ("sample", ["--workdir=cgan", "--grid=2x3", "--n=7"], ["--grid=2x3 holds 6 images", "--n=7"]),
    ("sample", ["--workdir=cgan", "--grid=2x3", "--n=3", "--interpolate=linear"], ["--grid=2x3 holds 2 walks", "--n=3"]),
    ("sample", ["--workdir=cgan", "--grid=2x1", "--interpolate=linear"], ["--grid=2x1", "both ends", "2 columns"]),
    ("sample", ["--workdir=cgan", "--interpolate=lineer"], ["'lineer'", "linear, spherical", "Did you mean linear?"]),
    ("sample", ["--workdir=cgan", "--out=x.jpg"], ["--out=x.jpg", ".png, .gif, .npz"]),
    ("sample", ["--workdir=cgan", "--out=x"], ["--out=x:", ".png, .gif, .npz"]),
    ("sample", ["--workdir=cgan", "--out="], ["--out= is empty"]),
    ("sample", ["--workdir=cgan", "--out=x.png/"], ["--out=x.png/", "names a folder"]),
    ("sample", ["--workdir=cgan", "--out=two\nlines"], ["--out=two\\nlines", ".png, .gif, .npz"]),
    ("sample", ["--workdir=cgan", "--out=x.gif"], ["--out=x.gif", "--interpolate=linear or spherical"]),
    ("sample", ["--workdir=cgan", "--out=x.npz", "--interpolate=linear"], ["--interpolate is for pictures"]),
    ("sample", ["--workdir=cgan", "--out=x.npz", "--grid=1x1"], ["--grid is for pictures"]),
    ("sample", ["--workdir=cgan", "--label=one"], ["--label=one", "3,1,4"]),
    ("sample", ["--workdir=cgan", "--label="], ["--label= is empty"]),
    ("sample", ["--workdir=cgan", "--label=-1"], ["--label=-1", "class number"]),
    ("sample", ["--workdir=cgan", "--label=3,10"], ["--label=10", "0..9"]),
    ("sample", ["--workdir=cgan", "--generator=bst"], ["'bst'", "best, last", "Did you mean best?"]),
    ("sample", ["--workdir=cgan", "--experiment=cgan"], ["--experiment", "--workdir"]),
]

# ---- what shows only when data, folders and networks are looked at ----------------------------------------------------

# The same, with the exit code. A recipe that does not fit the data is wrong usage, too, but TensorFlow has been started.
FAILING = [
    # .npz files
    ("run", [G, "--dataset=npz:missing.npz"], 1, ["there is no file missing.npz"]),
    ("run", [G, "--dataset=npz:~nobody-of-that-name/x.npz"], 1, ["there is no file ~nobody"]),
    ("run", [G, f"--dataset=npz:{LONG}.npz"], 1, ["there is no file xxx"]),
    ("run", [G, "--dataset=npz:two\nlines.npz"], 1, ["there is no file two\\nlines.npz"]),
    ("run", [G, "--dataset=npz:folder.npz"], 1, ["folder.npz is a folder", "--dataset=images:folder.npz"]),
    ("run", [G, "--dataset=npz:pipe"], 1, ["pipe is no ordinary file"]),
    ("run", [G, "--dataset=npz:/dev/null"], 1, ["/dev/null is no ordinary file"]),
    ("run", [G, "--dataset=npz:text.npz"], 1, ["text.npz is no .npz file", "numpy.savez"]),
    ("run", [G, "--dataset=npz:an empty file ☃.npz"], 1, ["an empty file ☃.npz is no .npz file"]),
    ("run", [G, "--dataset=npz:truncated.npz"], 1, ["truncated.npz is no .npz file, or a truncated one"]),
    ("run", [G, "--dataset=npz:flipped.npz"], 1, ["flipped.npz is damaged", "images", "CRC"]),
    ("run", [G, "--dataset=npz:encrypted.npz"], 1, ["encrypted.npz is damaged", "images"]),
    ("run", [G, "--dataset=npz:array.npy"], 1, ["array.npy is no .npz file"]),
    ("run", [G, "--dataset=npz:other.npz"], 1, ["other.npz holds x_train, y; needed is `images`"]),
    ("run", [G, "--dataset=npz:nothing.npz"], 1, ["nothing.npz holds nothing"]),
    ("run", [G, "--dataset=npz:bytes.npz"], 1, ["bytes.npz: images is no array"]),
    ("run", [G, "--dataset=npz:endless.npz"], 1, ["endless.npz is damaged", "images"]),
    ("run", [T, "--dataset=npz:objects.npz"], 1, ["images is an array of Python objects, which are never loaded"]),
    ("run", [C, "--dataset=npz:object labels.npz"], 1, ["labels is an array of Python objects, which are never loaded"]),
    ("run", [G, "--dataset=npz:pickle.npz"], 1, ["pickle.npz is no .npz file"]),
    ("run", [G, "--dataset=npz:float.npz"], 1, ["dtype float64, needed is uint8", "numpy.rint"]),
    ("run", [G, "--dataset=npz:nan.npz"], 1, ["dtype float32, needed is uint8", "NaN"]),
    ("run", [G, "--dataset=npz:wide.npz"], 1, ["dtype int64, needed is uint8"]),
    ("run", [G, "--dataset=npz:flat.npz"], 1, [f"shape ({N}, 64)", "(n, height, width, 3)"]),
    ("run", [G, "--dataset=npz:five.npz"], 1, [f"shape ({N}, 8, 8, 1, 1)"]),
    ("run", [G, "--dataset=npz:channels.npz"], 1, [f"shape ({N}, 8, 8, 4)"]),
    ("run", [G, "--dataset=npz:no pixels.npz"], 1, [f"shape ({N}, 0, 8)"]),
    ("run", [G, "--dataset=npz:no images.npz"], 1, ["images is empty"]),
    ("run", [G, "--dataset=npz:one.npz"], 1, ["1 train, 0 validation, 0 test", "at least 10"]),
    ("run", [G, "--dataset=npz:few.npz"], 1, ["9 train, 1 validation, 1 test", "at least 10"]),
    ("run", [C, "--dataset=npz:labels short.npz"], 1, [f"labels has shape ({N - 1},)", f"each of the {N} images"]),
    ("run", [C, "--dataset=npz:labels square.npz"], 1, [f"labels has shape ({N}, 10)"]),
    ("run", [C, "--dataset=npz:labels float.npz"], 1, ["dtype float64; needed is one integer"]),
    ("run", [C, "--dataset=npz:labels negative.npz"], 1, ["labels lie in -1..8"]),
    ("run", [C, "--dataset=npz:labels large.npz"], 1, ["labels lie in 0..9000"]),
    ("run", [G, "--dataset=npz:split short.npz"], 1, ["split has shape (3,)"]),
    ("run", [G, "--dataset=npz:split codes.npz"], 1, ["split holds 0..3; its codes are 0 train"]),
    ("run", [G, "--dataset=npz:split negative.npz"], 1, ["split holds -1..1"]),
    ("run", [G, "--dataset=npz:split without train.npz"], 1, ["0 train, 30 validation, 30 test"]),
    ("run", [G, "--dataset=npz:split without test.npz"], 1, ["0 test", "1 each for validation and test"]),
    # folders of pictures
    ("run", [G, "--dataset=images:missing"], 1, ["there is no folder missing"]),
    ("run", [T, f"--dataset=images:{LONG}"], 1, ["there is no folder xxx"]),
    ("run", [G, "--dataset=images:good.npz"], 1, ["good.npz is a file", "--dataset=npz:good.npz"]),
    ("run", [G, "--dataset=images:folder.npz"], 1, ["folder.npz holds no image", ".png"]),
    ("run", [G, "--dataset=images:texts"], 1, ["texts holds no image", ".png"]),
    ("run", [G, "--dataset=images:sizes"], 1, ["one size, but 00.png has 8x8 and x.png has 8x7", "Crop or resize"]),
    ("run", [G, "--dataset=images:corrupt"], 1, ["corrupt/x.png cannot be read as an image"]),
    ("run", [G, "--dataset=images:truncated"], 1, ["truncated/x.jpg cannot be read as an image", "truncated"]),
    ("run", [G, "--dataset=images:no picture"], 1, ["no picture/x.png cannot be read as an image"]),
    ("run", [G, "--dataset=images:pipes"], 1, ["pipes/x.png cannot be read as an image", "no ordinary file"]),
    ("run", [G, "--dataset=images:links"], 1, ["links/x.png cannot be read as an image", "leads nowhere"]),
    ("run", [G, "--dataset=images:deep colours"], 1, ["deep colours/x.png has more than 8 bits"]),
    ("run", [G, "--dataset=images:mixed"], 1, ["at depths 1, 2"]),
    ("run", [G, "--dataset=images:deep"], 1, ["at depths 3"]),
    ("run", [G, "--dataset=images:divided"], 1, ["subfolders test, train", "classes"]),
    ("run", [G, "--dataset=images:few"], 1, ["9 train, 1 validation, 1 test", "at least 10"]),
    # the Toronto Face Database
    ("run", [G, "--dataset=tfd", "--data_dir=missing"], 1, ["no file TFD_48x48.mat in missing", "--data_dir"]),
    ("run", [G, "--dataset=tfd", "--data_dir=good.npz"], 1, ["no file TFD_48x48.mat in good.npz", "--data_dir"]),
    ("run", [G, "--dataset=tfd", "--data_dir=mat other"], 1, ["holds x_train; missing is images, folds, labs_ex"]),
    ("run", [G, "--dataset=tfd", "--data_dir=mat truncated"], 1, ["TFD_48x48.mat is damaged", "Copy it again"]),
    ("run", [G, "--dataset=tfd", "--data_dir=mat text"], 1, ["TFD_48x48.mat is no MATLAB file"]),
    ("run", [G, "--dataset=tfd", "--data_dir=mat cells"], 1, ["images is a cell array; needed is an array of real numbers"]),
    ("run", [G, "--dataset=tfd", "--data_dir=mat folder"], 1, ["TFD_48x48.mat is a folder"]),
    # TensorFlow Datasets
    ("run", [G, "--dataset=mnist", "--data_dir=missing"], 1, ["MNIST is not prepared in missing/mnist", "--dataset=glyphs"]),
    ("run", [G, "--dataset=mnist", "--data_dir=good.npz"], 1, ["MNIST is not prepared in good.npz/mnist", "--data_dir"]),
    ("run", [G, "--dataset=mnist", "--data_dir=~nobody-of-that-name"], 1, ["not prepared in ~nobody-of-that-name"]),
    ("run", [G, "--dataset=mnist", "--data_dir=tfds"], 1, ["prepared MNIST in tfds/mnist/3.0.1 is damaged", "Delete"]),
    ("run", [W, "--dataset=celeb_a", "--data_dir=tfds"], 1, ["prepared CelebA in tfds/celeb_a/2.1.0 is damaged"]),
    ("run", [D, "--dataset=svhn_cropped", "--data_dir=missing"], 1, ["SVHN is not prepared in missing/svhn_cropped"]),
    # the run's folder
    ("run", [G, OWN, SMOKE, "--set=batch_size=20", "--workdir=good.npz"], 1, ["cannot use good.npz as a run's folder"]),
    ("run", [G, OWN, SMOKE, "--set=batch_size=20", "--workdir=good.npz/run"], 1, ["cannot use good.npz/run"]),
    ("run", [G, OWN, SMOKE, f"--workdir=new/{LONG}"], 1, ["cannot use new/xxx", "File name too long"]),
    ("run", [G, OWN, "--workdir=cgan"], 1, ["cgan holds a run of another configuration", "experiment: 'cgan' there"]),
    ("evaluate", ["--workdir=typo"], 1, ["typo holds no run: it has no config.json"]),
    ("evaluate", ["--workdir=good.npz"], 1, ["good.npz holds no run"]),
    ("evaluate", [f"--workdir={LONG}"], 1, ["cannot use xxx", "File name too long"]),
    ("evaluate", ["--workdir=two\nlines"], 1, ["two\\nlines holds no run"]),
    ("evaluate", ["--workdir=cgan", "--data_dir=missing"], 1, ["MNIST is not prepared in missing/mnist"]),
    ("sample", ["--workdir=typo"], 1, ["typo holds no run"]),
    ("sample", [f"--workdir={LONG}"], 1, ["cannot use xxx", "File name too long"]),
    ("sample", ["--workdir=folder.npz"], 1, ["folder.npz holds no run: it has no config.json"]),
    ("sample", ["--workdir=theis"], 1, ["theis2015, which trains no generator"]),
    ("sample", ["--workdir=line", "--interpolate=linear"], 2, ["--interpolate is for images", "points"]),
    ("sample", ["--workdir=cgan", "--out=good.npz/x.png"], 1, ["cannot write good.npz/x.png", "is a file"]),
    ("sample", ["--workdir=cgan", f"--out={LONG}.png"], 1, ["cannot write xxx", "File name too long"]),
    ("sample", ["--workdir=cgan"], 1, ["cannot read the generator's weights in cgan/generator_best.weights.h5"]),
    ("tables", ["--results=typo"], 1, ["there is no folder typo", "--results=DIR"]),
    ("tables", ["--results=good.npz"], 1, ["there is no folder good.npz"]),
    ("tables", ["--results=tables", "--add=typo"], 1, ["there is no folder typo"]),
    ("tables", ["--results=tables", "--add=cgan"], 1, ["cgan has no record.json: the run has not finished"]),
    ("tables", [f"--results={LONG}"], 1, ["cannot use xxx", "File name too long"]),
    # recipes that do not fit the data: 48 training images of 8 x 8
    ("run", [G, OWN, SMOKE, "--set=batch_size=49"], 2, ["batch_size = 49: good.npz has only 48 training images"]),
    ("run", [C, OWN, SMOKE, "--set=batch_size=1000000"], 2, ["batch_size = 1000000: good.npz has only 48"]),
    ("run", [D, OWN, SMOKE, "--set=generator_strides=2,2,2,1", "--set=batch_size=49", "--workdir=new/run"], 2, ["= 49: good"]),
    ("run", [W, OWN, SMOKE, "--set=generator=mlp", "--set=batch_size=50"], 2, ["batch_size = 50"]),
    ("run", [G, "--dataset=gaussian1d", SMOKE, "--set=batch_size=50001"], 2, ["batch_size = 50001", "50000 training images"]),
    ("run", [W, "--dataset=npz:odd.npz", SMOKE], 2, ["odd.npz are 30 x 27", "multiples of 4, such as 28 x 24 or 32 x 28"]),
    ("run", [D, "--dataset=npz:odd.npz", SMOKE], 2, ["odd.npz are 30 x 27", "multiples of 4, such as 28 x 24 or 32 x 28"]),
    ("run", [D, OWN, SMOKE, "--set=generator_strides=2,2,3,3"], 2, ["good.npz are 8 x 8", "multiples of 9, such as 9 x 9"]),
    (
        "run",
        [D, "--dataset=npz:unlabelled.npz", SMOKE, "--set=conditional=true", "--set=generator_strides=1,1,2,2"],
        2,
        ["unlabelled.npz has no labels"],
    ),
    ("run", [C, "--dataset=npz:unlabelled.npz", SMOKE], 2, ["unlabelled.npz has no labels"]),
    ("run", [G, OWN, "--model=convolutional", SMOKE], 2, ["images are 8 x 8", "deconvolution_stride (3)", "32 x 32"]),
    ("run", [G, OWN, "--model=convolutional", SMOKE, "--set=kernels=100,1,1"], 2, ["kernels", "nothing of images of 8 x 8"]),
]


def arguments_of(value):
    """A short name of a case's arguments for pytest."""
    return " ".join(value).replace(LONG, "x...")[:60].encode("unicode_escape").decode() if isinstance(value, list) else ""


class Bomb:
    """Unpickling this would leave a file called "exploded" in the current folder."""

    def __reduce__(self):
        return open, ("exploded", "w")


# ---- what the cases meet ----------------------------------------------------------------------------------------------


def make_npz(folder):
    """Sound and unsound .npz files."""
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (N, SIDE, SIDE), np.uint8), np.arange(N) % 10
    objects = np.array([Bomb()] * N, object)
    held = {
        "good": {"images": images, "labels": labels},
        "unlabelled": {"images": images},
        "odd": {"images": rng.integers(0, 256, (N, 30, 27), np.uint8)},
        "other": {"x_train": images, "y": labels},
        "nothing": {},
        "objects": {"images": objects},
        "object labels": {"images": images, "labels": objects},
        "float": {"images": images / 255},
        "nan": {"images": np.full((N, SIDE, SIDE), np.nan, np.float32)},
        "wide": {"images": images.astype(np.int64)},
        "flat": {"images": images.reshape(N, -1)},
        "five": {"images": images[..., None, None]},
        "channels": {"images": np.repeat(images[..., None], 4, -1)},
        "no pixels": {"images": images[:, :0]},
        "no images": {"images": images[:0]},
        "one": {"images": images[:1]},
        "few": {"images": images[:11]},
        "labels short": {"images": images, "labels": labels[1:]},
        "labels square": {"images": images, "labels": np.eye(10, dtype=int)[labels]},
        "labels float": {"images": images, "labels": labels / 1},
        "labels negative": {"images": images, "labels": labels - 1},
        "labels large": {"images": images, "labels": labels * 1000},
        "split short": {"images": images, "split": labels[:3]},
        "split codes": {"images": images, "split": labels % 4},
        "split negative": {"images": images, "split": labels % 3 - 1},
        "split without train": {"images": images, "split": 1 + labels % 2},
        "split without test": {"images": images, "split": labels % 2},
    }
    for name, arrays in held.items():
        np.savez(folder / f"{name}.npz", **arrays)
    np.save(folder / "array.npy", images)
    (folder / "text.npz").write_text("no archive")
    (folder / "an empty file ☃.npz").touch()
    (folder / "pickle.npz").write_bytes(pickle.dumps(Bomb()))
    (folder / "folder.npz").mkdir()
    os.mkfifo(folder / "pipe")
    good = (folder / "good.npz").read_bytes()
    (folder / "truncated.npz").write_bytes(good[: len(good) // 2])
    (folder / "flipped.npz").write_bytes(good[:400] + bytes([good[400] ^ 1]) + good[401:])
    encrypted = bytearray(good)
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):  # the flag "encrypted" of each entry, in both places
        at = encrypted.find(signature)
        while at >= 0:
            encrypted[at + offset] |= 1
            at = encrypted.find(signature, at + 1)
    (folder / "encrypted.npz").write_bytes(encrypted)
    with zipfile.ZipFile(folder / "bytes.npz", "w") as archive:
        archive.writestr("images", b"no array")
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (10000000000000000000000000,)}".ljust(117) + b"\n"
    with zipfile.ZipFile(folder / "endless.npz", "w") as archive:
        archive.writestr("images.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)


def make_pictures(folder):
    """Folders of 12 sound pictures, each with something else besides."""
    rng = np.random.default_rng(1)
    pictures = [Image.fromarray(pixels) for pixels in rng.integers(0, 256, (12, SIDE, SIDE), np.uint8)]

    def fill(name, n=12):
        (folder / name).mkdir(parents=True)
        for index, picture in enumerate(pictures[:n]):
            picture.save(folder / name / f"{index:02}.png")
        return folder / name

    sound = (fill("few", 11) / "00.png").read_bytes()
    pictures[0].crop((0, 0, SIDE, SIDE - 1)).save(fill("sizes") / "x.png")
    (fill("corrupt") / "x.png").write_bytes(sound[:45] + b"\0\0\0\0" + sound[49:])
    pictures[0].save(fill("truncated") / "whole.jpeg", quality=100)
    whole = (folder / "truncated" / "whole.jpeg").read_bytes()
    (folder / "truncated" / "whole.jpeg").unlink()
    (folder / "truncated" / "x.jpg").write_bytes(whole[: len(whole) * 3 // 4])
    (fill("no picture") / "x.png").write_text("no picture")
    os.mkfifo(fill("pipes") / "x.png")
    (fill("links") / "x.png").symlink_to("nowhere")
    Image.fromarray(np.zeros((SIDE, SIDE), np.uint16)).save(fill("deep colours") / "x.png")
    (folder / "texts").mkdir()
    (folder / "texts" / "a.txt").write_text("a")
    for name in ("mixed/a", "mixed", "deep/a/b", "divided/train", "divided/test"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        pictures[0].save(folder / name / "0.png")


def make_prepared(folder):
    """TFD's file and the folders of TensorFlow Datasets, none of them sound."""
    for name in ("other", "truncated", "text", "cells", "folder/TFD_48x48.mat"):
        (folder / f"mat {name}").mkdir(parents=True)
    io.savemat(folder / "mat other" / "TFD_48x48.mat", {"x_train": np.zeros((3, 48, 48))})
    io.savemat(folder / "mat cells" / "TFD_48x48.mat", {"images": np.array([1, "x"], object), "folds": 1, "labs_ex": 1})
    whole = (folder / "mat other" / "TFD_48x48.mat").read_bytes()
    (folder / "mat truncated" / "TFD_48x48.mat").write_bytes(whole[: len(whole) // 2])
    (folder / "mat text" / "TFD_48x48.mat").write_text("no matrices " * 100)
    for name, content in (("mnist/3.0.1", "{"), ("celeb_a/2.1.0", '{"name": "celeb_a"}')):
        (folder / "tfds" / name).mkdir(parents=True)
        (folder / "tfds" / name / "dataset_info.json").write_text(content)


def make_runs(folder):
    """Folders as runs leave them, whose weights are no weights."""
    runs = {
        "cgan": ("cgan", "mnist", [28, 28, 1], 10),
        "line": ("goodfellow2014", "gaussian1d", [1, 1, 1], 0),
        "theis": ("theis2015", "mnist", [28, 28, 1], 10),
    }
    for name, (experiment, dataset, shape, classes) in runs.items():
        place = folder / name
        (place / "checkpoints").mkdir(parents=True)
        config = configuration.resolve(configuration.find(experiment), dataset, preset="smoke")
        (place / "config.json").write_text(json.dumps(config.as_dict()))
        data = {"title": dataset, "shape": shape, "classes": classes, "sha256": ""}
        (place / "manifest.json").write_text(json.dumps({"data": data, "continued_under": []}))
        for weights in ("generator.weights.h5", "generator_best.weights.h5", "checkpoints/0000000001.npz"):
            (place / weights).write_text("no weights")
    (folder / "tables").mkdir()


def listing(folder):
    """What is in a folder: {path: (size, time of change) of a file, None of a folder}, but for the locks of runs."""
    found = {}
    for root, folders, names in os.walk(folder):
        found |= {os.path.join(root, name): None for name in folders}
        states = ((path, os.lstat(path)) for path in (os.path.join(root, name) for name in names if name != ".lock"))
        found |= {path: (state.st_size, state.st_mtime_ns) for path, state in states}
    return found


def environment():
    """That of a user with the package at hand, no prepared data, and no network whatever machine this is."""
    kept = {key: value for key, value in os.environ.items() if key.lower() not in ("no_proxy", "tfds_data_dir")}
    nowhere = {"https_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
    return kept | nowhere | {"PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="module")
def kit(tmp_path_factory):
    """The folder in which all cases are tried. No case may change it."""
    folder = tmp_path_factory.mktemp("kit")
    make_npz(folder)
    make_pictures(folder)
    make_prepared(folder)
    make_runs(folder)
    return folder


def check(code, out, err, wanted, words):
    """Checks the exit code, and that stderr is one line with all words."""
    assert code == wanted, err
    assert err.startswith("error: ") and err.endswith("\n") and len(err.splitlines()) == 1, err
    assert all(word in err for word in words), err
    assert "Traceback" not in out + err


# ---- trials -----------------------------------------------------------------------------------------------------------

ASK = """
import contextlib, io, json, sys, time
from gan_repro import evaluate
from gan_repro import run
from gan_repro import sample
from gan_repro import ship
from gan_repro import shipped
from gan_repro import tables
programs = {"run": run, "evaluate": evaluate, "sample": sample, "ship": ship, "shipped": shipped, "tables": tables}
answers = []
for program, arguments in json.load(sys.stdin):
    out, err, start = io.StringIO(), io.StringIO(), time.monotonic()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = programs[program].main([program, *arguments])
    answers.append((code, out.getvalue(), err.getvalue(), time.monotonic() - start))
print(json.dumps([answers, sorted({"tensorflow", "keras", "tensorflow_datasets"} & set(sys.modules))]))
"""


@pytest.fixture(scope="module")
def answers(kit):
    """{(program, arguments): (code, stdout, stderr, seconds)} of all wrong usage, and which slow modules were imported."""
    before = listing(kit)
    lines = [(program, arguments) for program, arguments, _ in USAGE]
    lines += [(program, ["--dry_run", *arguments]) for program, arguments, _ in USAGE if program == "run"]
    done = subprocess.run(
        [sys.executable, "-c", ASK], input=json.dumps(lines), cwd=kit, env=environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found, loaded = json.loads(done.stdout)
    assert listing(kit) == before
    return {(program, *arguments): answer for (program, arguments), answer in zip(lines, found)}, loaded


@pytest.mark.fault(
    group="wrong input",
    tried="wrong flags, names, types and values of every program and every experiment's recipe",
    outcome="one line that names them and what is valid, exit code 2, in less than a second, no file",
)
@pytest.mark.parametrize(("program", "arguments", "words"), USAGE, ids=arguments_of)
def test_wrong_usage(program, arguments, words, answers):
    dry = [["--dry_run", *arguments]] if program == "run" else []
    for line in [arguments, *dry]:
        code, out, err, seconds = answers[0][(program, *line)]
        check(code, out, err, 2, words)
        assert out == "" and seconds < 1


def test_wrong_usage_starts_no_tensorflow(answers):
    assert answers[1] == [] and len(answers[0]) > len(USAGE) > 120


@pytest.fixture
def here(kit, monkeypatch):
    """The kit as the current folder of this process, no prepared data and no network."""
    monkeypatch.chdir(kit)
    for key in os.environ.keys() - environment().keys():
        monkeypatch.delenv(key)
    for key, value in environment().items():
        monkeypatch.setenv(key, value)
    return kit


@pytest.mark.fault(
    group="wrong input",
    tried="data, pictures and folders that are missing, damaged or other things; recipes that do not fit",
    outcome="one line that names them and what is valid, exit code 1 or 2, no file, nothing unpickled",
)
@pytest.mark.parametrize(("program", "arguments", "code", "words"), FAILING, ids=arguments_of)
def test_wrong_data_and_folders(program, arguments, code, words, here, capfd):
    before = listing(here)
    found = PROGRAMS[program].main([program, *arguments])
    check(found, *capfd.readouterr(), code, words)
    assert listing(here) == before  # and nothing called "exploded"


REAL = [
    *(
        (program, arguments, 2, words)
        for program, arguments, words in USAGE
        if (program, *arguments)
        in {
            ("run",),
            ("run", G, "--workdir=\udcff"),
            ("run", G, "--set=two\nlines"),
            ("evaluate",),
            ("run", C, f"--set=batch_size={10**9}"),
            ("tables", "--ad=x"),
            ("sample",),
        }
    ),
    *(
        (program, arguments, code, words)
        for program, arguments, code, words in FAILING
        if (program, *arguments)
        in {("evaluate", "--workdir=two\nlines"), ("sample", f"--workdir={LONG}"), ("tables", "--results=typo")}
    ),
]


def test_what_is_never_unpickled_would_be_noticed(here, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with np.load(here / "objects.npz", allow_pickle=True) as file:
        assert "images" in file and file["images"] is not None
    assert [path.name for path in tmp_path.iterdir()] == ["exploded"]


@pytest.mark.fault(group="wrong input", tried="some of these as processes of their own", outcome="the same")
@pytest.mark.parametrize(("program", "arguments", "code", "words"), REAL, ids=arguments_of)
def test_real_processes(program, arguments, code, words, kit, tmp_path):
    """Those that are refused for what was typed answer without TensorFlow: importing it would end them otherwise."""
    before, there = listing(kit), environment()
    if code == 2:
        (tmp_path / "tensorflow.py").write_text("raise SystemExit('TensorFlow was imported')\n")
        there |= {"PYTHONPATH": f"{tmp_path}{os.pathsep}{there['PYTHONPATH']}"}
    command = [sys.executable, "-m", f"gan_repro.{program}", *arguments]
    done = subprocess.run(command, cwd=kit, env=there, capture_output=True, text=True, timeout=120)
    check(done.returncode, done.stdout, done.stderr, code, words)
    assert code == 1 or done.stdout == ""
    assert listing(kit) == before


def test_at_least_ten_are_real_processes():
    assert len(REAL) >= 10


def too_much_for_tensorflow(*_):
    import tensorflow as tf

    return tf.zeros([2**50], tf.uint8)  # beyond what any process can address


def too_much_for_numpy(*_):
    return np.empty(2**50, np.uint8)


@pytest.mark.fault(
    group="wrong input",
    tried="networks or samples beyond the memory",
    outcome="one line that names the recipe's numbers, exit code 1, no file",
)
@pytest.mark.parametrize("ask", [too_much_for_tensorflow, too_much_for_numpy])
@pytest.mark.parametrize("where", ["generator", "evaluate"])
def test_too_little_memory(ask, where, here, monkeypatch, capfd):
    before = listing(here)
    if where == "generator":
        monkeypatch.setattr("experiments.goodfellow2014.mnist.generator", ask)
        arguments, name = [G, "--set=generator_units=90000,90000", "--set=batch_size=9"], "generator_units = (90000, 90000)"
    else:
        monkeypatch.setattr("gan_repro.evaluation.centroids.kmeans", ask)
        arguments, name = [T, "--set=centroids=7"], "centroids = 7"
    assert run.main(["run", OWN, SMOKE, *arguments]) == 1
    out, err = capfd.readouterr()
    check(1, out, err, 1, ["not enough memory", name])
    assert listing(here) == before


def test_a_run_that_could_not_begin_leaves_what_was_there(here, tmp_path, capfd):
    (tmp_path / "notes.txt").write_text("mine")
    assert run.main(["run", G, OWN, SMOKE, "--set=batch_size=49", f"--workdir={tmp_path}"]) == 2
    assert one(capfd) and [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def one(capfd):
    """Whether stderr holds one line."""
    return capfd.readouterr().err.count("\n") == 1


# ---- what must not be taken for wrong ---------------------------------------------------------------------------------


def test_strange_names_are_names(tmp_path, here, capfd):
    images = np.random.default_rng(2).integers(0, 256, (N, SIDE, SIDE), np.uint8)
    place = tmp_path / "größer\n☃ 'x' \"y\""
    place.mkdir()
    np.savez(place / "a b\n☃.npz", images=images)
    line = ["run", T, f"--dataset=npz:{place / 'a b'}\n☃.npz", SMOKE, f"--workdir={place}/run", "--set=n_samples=20"]
    assert run.main(line) == 0
    assert capfd.readouterr().err == ""
    record = json.loads((place / "run" / "record.json").read_text())
    assert record["dataset"] == line[2].partition("=")[2]
    assert runner.command(configuration.resolve(configuration.find("theis2015"), record["dataset"], preset="smoke"))
    assert evaluate.main(["evaluate", f"--workdir={place}/run"]) == 0


def test_pictures_with_palettes_and_transparency_are_read_without_a_word(tmp_path, here, capfd):
    from gan_repro import data

    rng = np.random.default_rng(3)
    for index in range(12):
        picture = Image.fromarray(rng.integers(0, 256, (SIDE, SIDE, 4), np.uint8))
        if index % 2:
            picture = picture.convert("RGB").convert("P")
            picture.info["transparency"] = bytes(range(256))
            picture.save(tmp_path / f"{index:02}.png", transparency=bytes(range(256)))
        else:
            picture.save(tmp_path / f"{index:02}.png")
    source = data.load(f"images:{tmp_path}")
    assert source.spec.shape == (SIDE, SIDE, 3) and capfd.readouterr().err == ""
