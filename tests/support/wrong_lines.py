"""Tables of command lines that each program must refuse. test_wrong_input.py tries them; nothing is tested here."""

from support.wrong_input import N, cases

G, T, C, D, W = (f"--experiment={name}" for name in ("goodfellow2014", "theis2015", "cgan", "dcgan", "wgan"))
SMOKE, OWN, LONG = "--preset=smoke", "--dataset=npz:good.npz", "x" * 5000

# Tables: {(program, first arguments): the last argument of one command line each}. The answer must name that argument (see
# support.wrong_input.named); after it come other words that it must hold, in a tuple: a name offered, a value or shape found.

# ---- wrong usage: exit code 2, nothing on stdout, no TensorFlow ------------------------------------------------------

USAGE = {
    ("run",): [
        ("", "--experiment", "--list"),
        "--experiment=",
        ("--experiment=goodfelow2014", "goodfellow2014?"),
        "--experiment=__init__",
        ("--experiment=goodfellow2014.mnist", "goodfellow2014?"),
        "--experiment=../x",
        "--experiment=cgan\nwgan",
        ("--experimnt=goodfellow2014", "--experiment?"),
    ],
    ("run", G): [
        ("--dry-run", "--dry_run?"),
        "--learning_rate=1",
        "stray",
        "--workdir",
        "--tensorboard=maybe",
        "--flagfile=none",
        "--workdir=\udcff",
        "--workdir=",
        # data sets and presets
        ("--dataset=mnsit", "mnist?"),
        "--dataset=",
        ("--dataset=npz", "npz:PATH?"),
        ("--dataset=npz:", "npz:PATH"),
        ("--dataset=images", "images:FOLDER?"),
        ("--dataset=mnist:x", "mnist?"),
        "--dataset=Ziffern größer\n0",
        ("--preset=papr", "paper?"),
        "--preset=",
        # numbers of flags
        *(f"--seed={n}" for n in ("-1", 2**31, "9" * 5000, "1.5", "")),
        *(f"--epochs={n}" for n in (0, -3, "many", 10**7)),
        # --set
        *("--set", "--set=momentum", "--set=", "--set=two\nlines", "--set=seed=3"),
        *("--set=replay=-1", "--set=pieces=2.5", "--set=learning_rate=fast", "--set=learning_rate=nan"),
        *("--set=learning_rate=1e999", "--set=learning_rate=0", "--set=momentum=1", "--set=input_keep=1.1"),
        ("--set=learning_rat=1", "learning_rate?"),
        ("--set=learning_rate =1", "learning_rate?"),
        *("--set=jit_compile=1", "--set=generator_units=1200,x", "--set=generator_units=64,0", "--set=batch_size=0"),
        *("--set=precision=float16", "--set=steps_per_epoch=-1", "--set=validate_every=0", "--set=n_samples=1"),
        ("--set=prior=gausian", "gaussian?"),
        ("--set=averages=swa-.9", "'swa-.9'"),
        ("--set=averages=ema-1", "'ema-1'"),
        ("--set=averages=ema-.5,ema-0.5", "ema-0.5"),
        *(f"--set=averages={name}" for name in (f"mean-from-{10**30}", f"ema-.{'9' * 300}")),
        ("--set=averages=mean-from-5\n", "mean-from-5\\n"),
        # more than any memory holds
        *(f"--set=latent={10**12}", f"--set=generator_units={10**9},{10**9}", f"--set=n_samples={10**9}"),
    ],
    ("run", G, "--"): [("--seed=1", "'--seed=1'")],
    ("run", G, "--set=pieces=2"): ["--set=latent=-1"],
    ("run", G, "--dry_run"): ["--workdir=", "--data_dir="],
    ("run", G, "--dry_run", "--workdir", ""): [("", "--workdir")],
    ("run", G, "--dataset=tfd"): [
        ("--set=bottom_units=8000,99", "latent"),
        *("--set=generator_units=8000", "--set=sparse_connections=9000", "--set=max_column_norm=0"),
    ],
    ("run", G, "--model=convolutional"): ["--set=kernels=8,8"],
    ("run", G, "--model=convolutional", "--set=base_size=11"): [("", "generator_units", "11")],
    ("run", G, "--dataset=mnist"): [("--model=tfd", "tfd96")],
    ("run", G, "--dataset=cifar10"): ["--set=contrast_norm=-1"],
    ("run", G, "--dataset=gaussian1d"): ["--set=generator_irange=1,1", "--set=n_critic=0"],
    ("run", T): [
        *("--dataset=gaussian1d", "--epochs=3", "--set=latent=3", "--set=centroids=0", "--set=iterations=1e3"),
        *(f"--set=centroids={10**30}", "--model=paper"),
    ],
    ("run", C): [
        *("--dataset=cifar10", "--set=keep=0", "--set=dropout_in_samples=no", "--set=label_units=", "--set=prior=spherical"),
        ("--set=dropout=.5", "dropout_in_samples"),
        *(f"--set=batch_size={10**9}", f"--set=joint_units={10**6}"),
    ],
    ("run", D): [
        *(
            "--dataset=tfd",
            "--set=upsampling=nearest",
            "--set=output=linear",
            "--set=negative_slope=-.1",
            "--set=norm_momentum=1",
        ),
        *("--set=decay_epochs=-1", f"--set=generator_channels={10**5},{10**5}", "--set=kernel_size=1000"),
        ("--set=generator_strides=2", "generator_channels"),
    ],
    ("run", D, "--set=generator_strides="): ["--set=generator_channels="],
    ("run", W): [
        ("--dataset=two_gaussian", "two_gaussians?"),
        *("--set=n_critic=0", "--set=clip=-.01", "--set=clip=inf", "--set=warmup_length=0", "--set=optimizer=sgd"),
        *("--set=critic=linear", "--set=units=", f"--set=critic_channels=64,128,256,{10**7}"),
    ],
    ("run", W, "--dataset=celeb_a"): [
        ("--preset=quick-mlp-gan", "--model", "mlp-gan"),
        ("--preset=smoke-28", "--model", "dcgan-gan"),
        ("--preset=quik-mlp", "quick"),
        ("--model=mlp-gam", "mlp-gan?"),
        "--model=",
    ],
    ("run", W, "--dataset=parallel_lines"): ["--set=thetas=40"],
    ("run", W, "--dataset=two_gaussians"): ["--set=generated_std=0"],
    ("evaluate",): [("", "--workdir"), "--workdir=", ("--workdr=x", "--workdir?"), "--help=maybe"],
    ("evaluate", "--workdir=cgan"): ["--data_dir=", "--epochs=3"],
    ("evaluate", "cgan"): [("", "'cgan'")],
    ("ship", "--workdir=cgan"): ["--data_dir=", "--networks="],
    ("shipped",): ["--results="],
    ("tables",): [("--ad=x", "--add?"), "records", "--results=", "--add="],
    ("sample",): [("", "--workdir")],
    ("sample", "--workdir=cgan"): [
        *(f"--n={n}" for n in (0, -4, "many")),
        *(f"--seed={n}" for n in (-1, 2**31)),
        *(f"--grid={shape}" for shape in ("4", "0x5")),
        ("--interpolate=lineer", "linear?"),
        *(f"--out={name}" for name in ("x.jpg", "x", "", "x.png/", "two\nlines")),
        ("--out=x.gif", "--interpolate"),
        *(f"--label={classes}" for classes in ("one", "", "-1", "3,10")),
        ("--generator=bst", "best?"),
        ("--experiment=cgan", "--workdir"),
    ],
    ("sample", "--workdir=cgan", "--n=2000000000"): [("", "2000000000")],
    ("sample", "--workdir=cgan", "--n=1000000"): [("", "1000 x 1000")],
    ("sample", "--workdir=cgan", "--grid=1x5000"): [("", "1 x 5000")],
    ("sample", "--workdir=cgan", "--n=7"): [("--grid=2x3", "--n=7")],
    ("sample", "--workdir=cgan", "--n=3", "--interpolate=linear"): [("--grid=2x3", "--n=3")],
    ("sample", "--workdir=cgan", "--interpolate=linear"): ["--grid=2x1"],
    ("sample", "--workdir=cgan", "--out=x.npz"): ["--grid=1x1"],
    ("sample", "--workdir=cgan", "--interpolate=linear", "--out=x.npz"): [("", "--interpolate", "x.npz")],
}

# ---- what shows only when data, folders and networks are looked at: exit code 1 ---------------------------------------

DATA = {
    ("run", G): [
        *(f"--dataset=npz:{name}" for name in ("missing.npz", "~nobody-of-that-name/x.npz", f"{LONG}.npz", "two\nlines.npz")),
        ("--dataset=npz:folder.npz", "images:folder.npz"),
        *(f"--dataset=npz:{name}" for name in ("pipe", "/dev/null", "text.npz", "an empty file ☃.npz", "truncated.npz")),
        *(f"--dataset=npz:{name}" for name in ("array.npy", "nothing.npz", "pickle.npz")),
        ("--dataset=npz:other.npz", "x_train"),
        *((f"--dataset=npz:{name}.npz", "images") for name in ("flipped", "encrypted", "bytes", "endless", "no images")),
        *((f"--dataset=npz:{name}.npz", kind) for name, kind in (("float", "float64"), ("nan", "NaN"), ("wide", "int64"))),
        ("--dataset=npz:flat.npz", f"({N}, 64)"),
        ("--dataset=npz:five.npz", f"({N}, 8, 8, 1, 1)"),
        ("--dataset=npz:channels.npz", f"({N}, 8, 8, 4)"),
        ("--dataset=npz:no pixels.npz", f"({N}, 0, 8)"),
        ("--dataset=npz:one.npz", "1 train"),
        ("--dataset=npz:few.npz", "9 train"),
        ("--dataset=npz:split short.npz", "(3,)"),
        ("--dataset=npz:split codes.npz", "0..3"),
        ("--dataset=npz:split negative.npz", "-1..1"),
        ("--dataset=npz:split without train.npz", "0 train"),
        ("--dataset=npz:split without test.npz", "0 test"),
        # folders of pictures
        "--dataset=images:missing",
        ("--dataset=images:good.npz", "npz:good.npz"),
        *(f"--dataset=images:{name}" for name in ("folder.npz", "texts")),
        ("--dataset=images:sizes", "00.png", "x.png", "8x8", "8x7"),
        ("--dataset=images:truncated", "x.jpg"),
        *((f"--dataset=images:{name}", "x.png") for name in ("corrupt", "no picture", "pipes", "links", "deep colours")),
        ("--dataset=images:mixed", "1, 2"),
        ("--dataset=images:deep", "3"),
        ("--dataset=images:divided", "train", "test"),
        ("--dataset=images:few", "9 train"),
    ],
    ("run", T): [("--dataset=npz:objects.npz", "images"), f"--dataset=images:{LONG}"],
    ("run", C): [
        *(f"--dataset=npz:{name}.npz" for name in ("object labels", "labels float")),
        ("--dataset=npz:labels short.npz", f"({N - 1},)"),
        ("--dataset=npz:labels square.npz", f"({N}, 10)"),
        ("--dataset=npz:labels negative.npz", "-1..8"),
        ("--dataset=npz:labels large.npz", "0..9000"),
    ],
    # data in --data_dir
    ("run", G, "--dataset=tfd"): [
        *("--data_dir=missing", "--data_dir=good.npz", "--data_dir=mat folder"),
        ("--data_dir=mat other", "images, folds, labs_ex"),
        ("--data_dir=mat cells", "images"),
        *((f"--data_dir=mat {name}", "TFD_48x48.mat") for name in ("truncated", "text")),
    ],
    ("run", G, "--dataset=mnist"): [
        *((f"--data_dir={name}", "MNIST") for name in ("missing", "good.npz", "~nobody-of-that-name")),
        ("--data_dir=tfds", "mnist/3.0.1"),
    ],
    ("run", W, "--dataset=celeb_a"): [("--data_dir=tfds", "celeb_a/2.1.0")],
    ("run", D, "--dataset=svhn_cropped"): [("--data_dir=missing", "SVHN")],
    # the run's folder
    ("run", G, OWN, SMOKE, "--set=batch_size=20"): ["--workdir=good.npz", "--workdir=good.npz/run"],
    ("run", G, OWN, SMOKE): [f"--workdir=new/{LONG}"],
    ("run", G, OWN): [("--workdir=cgan", "experiment", "goodfellow2014")],
    ("evaluate",): [f"--workdir={name}" for name in ("typo", "good.npz", LONG, "two\nlines")],
    ("evaluate", "--workdir=cgan"): ["--data_dir=missing"],
    ("sample",): [*(f"--workdir={name}" for name in ("typo", LONG, "folder.npz")), ("--workdir=theis", "theis2015")],
    ("sample", "--workdir=cgan"): [("", "generator_best.weights.h5"), "--out=good.npz/x.png", f"--out={LONG}.png"],
    ("tables",): [f"--results={name}" for name in ("typo", "good.npz", LONG)],
    ("tables", "--results=tables"): ["--add=typo", ("--add=cgan", "record.json")],
}

# ---- recipes that do not fit the data, 48 training images of 8 x 8: wrong usage, but TensorFlow has been started --------

UNFIT = {
    ("run", G, OWN, SMOKE): [("--set=batch_size=49", "49", "good.npz", "48")],
    ("run", C, OWN, SMOKE): [("--set=batch_size=1000000", "good.npz", "48")],
    ("run", D, OWN, SMOKE, "--set=generator_strides=2,2,2,1", "--workdir=new/run"): ["--set=batch_size=49"],
    ("run", W, OWN, SMOKE, "--set=generator=mlp"): ["--set=batch_size=50"],
    ("run", G, "--dataset=gaussian1d", SMOKE): [("--set=batch_size=50001", "50000")],
    ("run", W, SMOKE): [("--dataset=npz:odd.npz", "30 x 27", "28 x 24", "32 x 28")],
    ("run", D, SMOKE): [("--dataset=npz:odd.npz", "30 x 27", "28 x 24", "32 x 28")],
    ("run", D, OWN, SMOKE, "--set=generator_strides=2,2,3,3"): [("", "good.npz", "8 x 8", "9 x 9")],
    ("run", D, SMOKE, "--set=conditional=true", "--set=generator_strides=1,1,2,2"): [
        ("--dataset=npz:unlabelled.npz", "labels", "conditional")
    ],
    ("run", C, SMOKE): [("--dataset=npz:unlabelled.npz", "labels")],
    ("run", G, OWN, "--model=convolutional", SMOKE): [
        ("", "deconvolution_stride", "8 x 8"),
        ("--set=kernels=100,1,1", "8 x 8"),
    ],
    ("sample", "--workdir=line", "--interpolate=linear"): [("", "--interpolate", "gaussian1d")],
}

USAGE, DATA, UNFIT = cases(USAGE, 2), cases(DATA, 1), cases(UNFIT, 2)
