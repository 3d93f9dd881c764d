import json

import pytest
from hypothesis import example, given, settings, strategies as st

from gzssar.errors import OutputError, TextError
from gzssar.texts.classes import ClassText, ClassTexts, read_class_texts, write_class_texts
from gzssar.texts.tables import files as table_files
from gzssar.texts.tables.files import parse_table, read_table, write_table

BOW, NOD = ClassText("bow", "greet", "torso"), ClassText("nod", None, "head")
TABLES = {
    "comments.csv": "# how to, write\n\n#\nlabel,action,motion\nbow,greet,torso\n\nnod,,head\n,,\n",
    "quoted.csv": '"# a ""spreadsheet"" saved this",,\nlabel,action,motion,,\nbow,greet,torso,,\nnod,,head,,\n',
    "spelt.csv": "Label, ACTION ,Motion\r\nbow,greet,torso\r\nnod,,head\r\n",
    "folded.csv": 'label,action,motion\n bow ,"greet\n",torso\nnod,\t,head\n',
    "tabs.tsv": "# x\nid\tlabel\taction\tmotion\n1\tnod\t\thead\n0\tbow\tgreet\ttorso\n",
    "list.json": '[{"label": "bow", "action": "greet", "motion": "torso"}, {"label": "nod", "motion": "head"}]',
    "ids.json": '[{"id": 1, "label": "nod", "action": null, "motion": "head"}, '
    '{"id": "0", "label": "bow", "action": "greet", "motion": "torso"}]',
    "labels.json": '{"_note": 1, "bow": {"action": "greet", "motion": "torso"}, "nod": {"motion": "head"}}',
    "classes.json": '{"_guidance": ["x"], "classes": [{"Label": "bow", "action": "greet", "motion": "torso"}, '
    '{"label": "nod", "motion": "head", "source": [1, 2]}]}',
    "list.yaml": "# x\n- label: bow\n  action: greet\n  motion: torso\n- {label: nod, action: ~, motion: head}\n",
    "labels.yml": "bow:\n  action: greet\n  motion: >\n    torso\nnod:\n  motion: head\n  action:\n",
    "classes.yaml": "by: me\nclasses:\n- label: bow\n  action: greet\n  motion: torso\n- label: nod\n  motion: head\n",
}


def read(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_class_texts(path)


@pytest.mark.parametrize("name", TABLES)
def test_the_same_classes_in_every_form(tmp_path, name):
    assert list(read(tmp_path, name, TABLES[name])) == [BOW, NOD]


@pytest.mark.parametrize("name", TABLES)
def test_a_table_that_is_written_again_keeps_what_it_held(tmp_path, name):
    (tmp_path / name).write_text(TABLES[name])
    before = read_table(tmp_path / name)
    before.rows[0].cells["motion"] = "hips"
    write_table(tmp_path / name, before)
    after = read_table(tmp_path / name)
    assert [row.cells for row in after.rows] == [row.cells for row in before.rows]
    assert (after.comments, after.layout, after.further) == (before.comments, before.layout, before.further)
    assert (tmp_path / name).read_text().count("#") == TABLES[name].count("#")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.xlsx", "", r"ends in \.csv, \.tsv, \.json, \.yaml or \.yml, but it ends in \.xlsx"),
        ("a", "", "but it has no such ending"),
        ("a.csv", "label;action\nbow;greet\n", "separated by ';': save it with commas"),
        ("a.csv", "label\taction\nbow\tgreet\n", r"separated by '\\t': save it with commas \(\.csv\) or tabs"),
        ("a.csv", "label,Label\nbow,nod\n", "each column once, but 'label' comes twice"),
        (
            "a.csv",
            "label,action\nbow,greet, or thank\n",
            "line 2 of .* 2 cells, one per column, but it has 3: put quotes",
        ),
        ("a.csv", '# x\nlabel\n"bow\nnod\n', r"line 4 of .* cannot be read as a row of cells \(unexpected end"),
        ("a.csv", 'label\n"bow"s\n', "line 2 of .* check its quotes"),
        ("a.csv", f"label,motion\nbow,{'x' * 140_000}\n", "line 2 of .*field larger than field limit"),
        ("a.csv", "# only\n# comments\n", "but its columns are none"),
        (
            "a.csv",
            "label,action\nbow,ring the\abell\n",
            r"column 'action' of the class 'bow' \(line 2 .* character U\+0007",
        ),
        ("a.csv", "label\nb\x85ow\n", r"column 'label' \(line 2 of .*U\+0085"),
        ("a.csv", "label\nb\0w\n", r"byte 7 is U\+0000"),
        ("a.csv", "label\nbow\n".encode("utf-16-le"), r"byte 1 is U\+0000, a control character: save"),
        ("a.json", "", "the file is empty"),
        ("a.json", "[]", "one entry per class, but it has none"),
        ("a.json", "{}", "one entry per class, but it has none"),
        ("a.json", '{"_guidance": "x"}', "one entry per class, but it has none"),
        ("a.json", '[\n{"label": }]', r"should be JSON, but line 2 is not \(Expecting value\)"),
        ("a.json", "null", "a list with one mapping per class, .* but it holds nothing"),
        ("a.json", "7", "but it holds one int"),
        (
            "a.json",
            '["bow"]',
            "entry 1 of .* should be a mapping with the keys label, action and motion, but it is a str",
        ),
        ("a.json", '{"bow": "greet"}', "entry 1 of .* but it is a str"),
        ("a.json", '{"classes": {"bow": {}}}', "should hold a list below its key 'classes'"),
        ("a.json", '{"0": {"label": "bow"}}', "below the label '0', but has a key label"),
        ("a.json", '{"bow": {}, "bow": {}}', "each key of a mapping once, but 'bow' comes twice"),
        ("a.json", '[{"label": "bow", "LABEL": "nod"}]', "entry 1 of .* each key once, but 'label' comes twice"),
        ("a.json", '[{"name": "bow"}]', "but its columns are 'name': each entry needs"),
        ("a.json", '[{"label": true}]', "entry 1 of .* a text in column 'label', but that is true"),
        ("a.json", '[{"label": "bow", "action": ["a"]}]', "column 'action', but that is a list"),
        ("a.json", '[{"label": "bow", "action": "a\\u0000"}]', r"'action' of the class 'bow' \(entry 1 .*U\+0000"),
        ("a.json", '[{"label": "\\ud800"}]', "half of a surrogate pair"),
        ("a.json", '[{"label": ' + "9" * 5000 + "}]", "should be JSON, but it cannot be read"),
        ("a.json", "[" * 100_000, "nested too deeply"),
        ("a.json", '[{"label": "x", "y": ' + "[" * 50 + "]" * 50 + "}]", "nested too deeply"),
        ("a.yaml", "a: [", r"should be a table in YAML, but line 1 is not"),
        ("a.yaml", "- label: bow\n- label: 'nod\n", "should be a table in YAML, but line 3 is not"),
        ("a.yaml", "- bow\n- nod\n", "entry 1 of .* but it is a str"),
        ("a.yaml", "- label: bow\n- nod: {x: y}\n  label: [a]\n", "line 2 of .* column 'label', but that is a list"),
        ("a.yaml", "bow: {}\nbow: {}\n", "line 2 of .* a key of its own, but 'bow' comes twice"),
        ("a.yaml", "? [a]\n: {}\n", "line 1 of .* a key such as a label, but it is a list"),
        ("a.yaml", "- label: a\n---\n- label: b\n", "line 2 is not .*another document"),
        ("a.yaml", "- label: b\aw\n", r"line 1 holds the control character U\+0007"),
        ("a.yaml", '- label: bow\n  action: "\\a"\n', r"'action' of the class 'bow' \(line 1 of .*U\+0007"),
        ("a.yaml", "- &a {label: bow}\n- *a\n", r"line 2 is not \(aliases are not read here"),
        ("a.yaml", "- " * 100_000, "nested too deeply"),
        ("a.yaml", "[" * 100_000, "nested too deeply"),
    ],
)
def test_a_malformed_file_is_refused(tmp_path, name, content, message):
    with pytest.raises(TextError, match=message):
        read(tmp_path, name, content)


def test_an_alias_bomb_is_refused_at_once(tmp_path):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]" for k in range(1, 12)]
    with pytest.raises(TextError, match="aliases"):
        read(tmp_path, "bomb.yaml", "\n".join(lines))


def test_huge_files_are_refused(tmp_path, monkeypatch):
    with pytest.raises(TextError, match="at most 4 MiB, as YAML is slow to read"):
        read(tmp_path, "a.yaml", "- label: x" + " " * 5_000_000)
    with pytest.raises(TextError, match="more texts than a table of classes has"):
        read(tmp_path, "a.yaml", "[" + "a," * 60_000 + "]")
    monkeypatch.setattr(table_files, "_MOST_MEBIBYTES", 1)
    with pytest.raises(TextError, match="at most 1 MiB"):
        read(tmp_path, "a.csv", "label\n" + "x\n" * 2**19)


def test_scalars_are_the_text_that_was_written(tmp_path):
    texts = read(
        tmp_path, "a.yaml", "- {label: no, action: 007, motion: 2024-01-01}\n- {id: , label: Null, action: 1_0}\n"
    )
    assert list(texts) == [ClassText("no", "007", "2024-01-01"), ClassText(None, "1_0")]
    assert read(tmp_path, "a.json", '[{"label": 7, "action": 1.5}]')[0] == ClassText("7", "1.5")


def test_a_column_that_is_filled_first_is_added(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("note,label\nmine,bow\n")
    table = read_table(path)
    table.rows[0].cells["motion"] = "torso, then head"
    write_table(path, table)
    assert path.read_text() == 'note,label,motion\nmine,bow,"torso, then head"\n'


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"a\.csv cannot be written \(.*\): choose another place"):
        write_class_texts(tmp_path / "file" / "a.csv", ClassTexts((BOW,)))
    with pytest.raises(TextError, match="ends in"):
        write_class_texts(tmp_path / "a.txt", ClassTexts((BOW,)))


SEEDS = [(name, content.encode()) for name, content in TABLES.items()]
PIECES = [
    b"\0",
    b"\xff",
    b'"',
    b"'",
    b",",
    b"\t",
    b"\n",
    b"\r",
    b"#",
    b"[",
    b"]",
    b"{",
    b"}",
    b":",
    b"- ",
    b"*a",
    b"&a ",
    b"!!x ",
]
PIECES += [
    b"? ",
    b"| ",
    b"null",
    b"id",
    b"1",
    b"\\u0000",
    b"\\ud800",
    b"\xef\xbb\xbf",
    b"\xc2\x85",
    b"%YAML 9\n",
    b"---\n",
    b"1e999",
]


@st.composite
def mutated(draw):
    name, content = draw(st.sampled_from(SEEDS))
    data = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        cut = draw(st.integers(0, 6))
        data[at : at + cut] = draw(st.one_of(st.sampled_from(PIECES), st.binary(max_size=4)))
    return name, bytes(data)


@settings(max_examples=400)
@given(mutated())
@example(("a.yaml", b"- !!int x: !!timestamp y\n- !!binary z: !!float w\n"))
@example(("a.yaml", b"- <<: {label: a}\n"))
@example(("a.yaml", b"!!python/object:os.system {label: a}\n"))
def test_damaged_tables_give_texts_or_a_sentence(tmp_path_factory, damaged):
    name, content = damaged
    path = tmp_path_factory.getbasetemp() / f"damaged_{name}"
    path.write_bytes(content)
    try:
        texts = read_class_texts(path)
    except TextError:
        return
    assert len(texts) > 0
    write_table(path, read_table(path))
    assert read_class_texts(path) == texts


@settings(max_examples=150)
@given(
    st.lists(st.text(max_size=8), min_size=1, max_size=4, unique=True), st.sampled_from(["csv", "tsv", "json", "yaml"])
)
def test_any_text_that_is_read_is_written_and_read_back(tmp_path_factory, texts, suffix):
    source = json.dumps([{"action": text} for text in texts])
    try:
        table = parse_table(source.encode(), "a.json")
        classes = ClassTexts(tuple(ClassText(action=row.text("action")) for row in table.rows))
    except TextError:
        return
    path = tmp_path_factory.mktemp("written") / f"a.{suffix}"
    write_class_texts(path, classes)
    assert read_class_texts(path) == classes
