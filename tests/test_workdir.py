"""What a run's folder says of the machine. What the folder holds is tested with the programs that write it."""

from gan_repro.system import machine


def test_the_processor_is_named_with_its_widest_instructions_and_cores(monkeypatch):
    entry = "processor : {}\nmodel name\t: Some CPU @ 2 GHz\nflags\t\t: fpu {}\n\n"
    monkeypatch.setattr(machine, "_cores", lambda: 2)
    told = {"avx2 avx512f avx512_bf16": ", AVX-512 BF16", "avx2 avx512f": ", AVX-512", "avx2": ", AVX2", "sse2": ""}
    for flags, said in told.items():
        text = entry.format(0, flags) + entry.format(1, flags)
        monkeypatch.setattr(machine.Path, "read_text", lambda path, text=text, **encoding: text)
        assert machine.processor() == f"Some CPU @ 2 GHz{said} (2 cores)"
    monkeypatch.setattr(machine.Path, "read_text", lambda path, **encoding: "nothing that is known")
    monkeypatch.setattr(machine, "_cores", lambda: 1)
    assert machine.processor().endswith(" (1 core)")
