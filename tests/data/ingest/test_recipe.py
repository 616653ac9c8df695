"""Recipes that ship and recipes with mistakes; draws of films whose shares are counted."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest
import yaml

from phonofilm.data.ingest.recipe import FOLDER, Counted, Recipe, catalogue, expected, read_recipe
from phonofilm.data.ingest.settings import checked
from phonofilm.data.ingest.subsets import ClassTable, Lists, Shares, Subset, absent, assign, draw
from phonofilm.errors import SettingError
from phonofilm.media.form import Form
from tests.data.ingest.films import source

TRAIN, VALIDATION, TEST = Subset
NINETY = {TRAIN: Fraction(9, 10), VALIDATION: Fraction(1, 20), TEST: Fraction(1, 20)}
SMALL = {
    "name": "mine",
    "description": "",
    "films": "",
    "split": {},
    "splits": {"kind": "shares", "shares": {"train": 1}},
}


def written(folder: Path, **changes: object) -> Path:
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump({**SMALL, **changes}))
    return path


def test_the_recipes_that_ship() -> None:
    assert catalogue() == ["call-of-duty", "concerts-around-the-globe", "greatest-hits", "landscape", "vggsound"]
    for name in catalogue():
        recipe = read_recipe(name)
        assert recipe.name == name and recipe.paper and recipe.licence and recipe.expects and recipe.unknown
        assert all(expect.cite for expect in recipe.expects)
        assert Recipe.model_validate_json(recipe.model_dump_json()) == recipe


def test_what_the_recipes_that_ship_do() -> None:
    hits, concerts, game = (
        read_recipe(name) for name in ("greatest-hits", "concerts-around-the-globe", "call-of-duty")
    )
    assert hits.split.seconds == 4
    assert hits.pack.form == Form(fps=Fraction(8), size=(256, 256)) and concerts.pack.form == game.pack.form == Form()
    assert isinstance(hits.splits, Lists)
    assert {expect.of.value: int(expect.count[0]) for expect in hits.expects} == {
        "sources": 977,
        "train.clips": 6177,
        "validation.clips": 2040,
    }
    assert [(recipe.split.seconds, recipe.split.skip) for recipe in (concerts, game)] == [(34, 10), (34, 0)]
    for recipe, hours in ((concerts, 64), (game, 13)):
        assert isinstance(recipe.splits, Shares) and recipe.splits.shares == NINETY
        assert recipe.expects[0].of is Counted.HOURS and recipe.expects[0].count == (hours,)


def test_decimals_are_exact(tmp_path: Path) -> None:
    path = written(tmp_path, split={"seconds": 0.1, "stride": "1001/30000", "skip": 1e-3})
    split = read_recipe(path).split
    assert (split.seconds, split.stride, split.skip) == (Fraction(1, 10), Fraction(1001, 30000), Fraction(1, 1000))


def test_a_recipe_that_says_nothing_of_captions_requires_none(tmp_path: Path) -> None:
    assert not read_recipe(written(tmp_path)).caption.required
    assert read_recipe(written(tmp_path, caption={})).caption.required


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"splot": {}}, r"unknown setting 'splot': did you mean 'split'\?"),
        ({"split": {"seconds": 4, "rest": 5}}, r"split\.rest must be at most the length of a clip, 4 s \(got 5\)"),
        ({"split": {"seconds": 1e-9}}, r"split\.seconds must be at least 1/1000"),
        ({"split": {"seconds": 4, "stride": 1e-9}}, r"split\.stride must be at least 1/1000"),
        ({"split": {"stride": 1}}, r"split\.stride needs seconds, the length of a clip"),
        ({"split": {"secnds": 4}}, r"in split: unknown setting 'secnds': did you mean 'seconds'\?"),
        (
            {"caption": {"sources": [{"kind": "beside"}, {"kind": "list", "file": "a", "captions": "b"}]}},
            r"in caption.sources.1.list: unknown setting 'captions': did you mean 'caption'\?",
        ),
        ({"splits": {"kind": "shares", "share": {"train": 1}}}, "did you mean 'shares'"),
        (
            {"splits": {"kind": "shares", "shares": {"train": 0.9}}},
            "splits.shares.shares must be 0 or more and sum to 1, not train 9/10$",
        ),
        ({"splits": {"kind": "shares", "shares": {"train": 1.5, "test": -0.5}}}, "0 or more"),
        ({"splits": {"kind": "shares", "shares": {"dev": 1}}}, "'train', 'validation' or 'test'"),
        ({"splits": {"kind": "shares", "shares": {"train": 1}, "video": "("}}, "not a regular expression"),
        ({"splits": {"kind": "shares", "shares": {"train": 1}, "video": "a.*"}}, "one group"),
        ({"split": {"seconds": "soon"}}, r"split.seconds must be a number \(got 'soon'\)"),
        ({"split": {"scenes": "often"}}, r"split.scenes must be true or false \(got 'often'\)"),
        ({"split": [4]}, "split must be settings, each as name: value"),
        (
            {"caption": {"sources": [{"kind": "besid"}]}},
            "sources.0 must have as its 'kind' one of 'beside', 'list'",
        ),
        ({"caption": {"sources": [{}]}}, "caption.sources.0 lacks 'kind'"),
        ({"pack": {"crf": 52}}, r"pack.crf must be at most 51 \(got 52\)"),
        ({"pack": {"preset": 3}}, "pack.preset must be 'ultrafast', 'superfast'"),
        ({"pack": {"layout": "zip"}}, "pack.layout must be 'wds' or 'files'"),
        ({"pack": {"size": [256, 0]}}, "pack.size.1 must be above 0"),
        ({"pack": {"size": "256"}}, "pack.size must be HEIGHTxWIDTH, for example 256x256"),
        ({"pack": {"size": 256}}, r"pack.size must be a list \(got 256\)"),
        ({"pack": {"fsp": 8}}, r"in pack: unknown setting 'fsp': did you mean 'fps'\?"),
        ({"name": "My Recipe"}, "name"),
        ({"filter": {"rules": ["silence_ratio << 1"]}}, "is no rule"),
        ({"filter": {"rules": ["silence_ration < 1"]}}, "did you mean 'silence_ratio'"),
        ({"filter": {"rules": ["motion > 1"]}, "score": {"measures": ["loudness"]}}, "unknown measure 'motion'"),
        ({"score": {"measures": ["loudnes"]}}, "did you mean 'loudness'"),
        ({"expects": [{"of": "film", "count": 3, "cite": ""}]}, "expects.0.of"),
    ],
)
def test_a_mistake_is_one_sentence_with_its_place(tmp_path: Path, changes: dict[str, object], problem: str) -> None:
    with pytest.raises(SettingError, match=problem) as caught:
        read_recipe(written(tmp_path, **changes))
    assert "mine.yaml" in str(caught.value) and "\n" not in str(caught.value)


def test_all_mistakes_are_told_at_once_and_a_misspelt_key_once(tmp_path: Path) -> None:
    wrong = {"split": {"seconds": -1, "strid": 2}, "pack": {"channels": 3}, "splits": {"kind": "shares", "share": {}}}
    with pytest.raises(SettingError) as caught:
        read_recipe(written(tmp_path, **wrong))
    out_of_range = "split.seconds must be at least 1/1000 (got -1)"
    for words in ("in split: unknown setting 'strid'", out_of_range, "pack.channels"):
        assert words in str(caught.value)
    assert "did you mean 'shares'" in str(caught.value) and "missing" not in str(caught.value)
    with pytest.raises(
        SettingError, match="name is missing; description is missing; films is missing; split is missing"
    ):
        checked(Recipe, {}, "here")


def test_a_size_may_be_written_as_one_word(tmp_path: Path) -> None:
    assert read_recipe(written(tmp_path, pack={"size": "64x48"})).pack.size == (64, 48)


def test_a_recipe_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="did you mean 'landscape'"):
        read_recipe("landscap")
    with pytest.raises(SettingError, match="cannot read"):
        read_recipe(tmp_path / "none.yaml")
    for text in ("a: [", "- a", "", "a: !!python/object/apply:os.getcwd []"):
        (tmp_path / "bad.yaml").write_text(text)
        with pytest.raises(SettingError, match=r"bad\.yaml"):
            read_recipe(tmp_path / "bad.yaml")


@pytest.mark.parametrize("count", [0, 1, 3, 19, 20, 100, 977, 1001])
def test_shares_are_exact_and_the_order_of_films_does_not_matter(count: int) -> None:
    videos = [f"v{index}" for index in range(count)]
    drawn = draw(803, NINETY, videos)
    assert set(drawn) == set(videos)
    sizes = Counter(drawn.values())
    for subset, share in NINETY.items():
        assert abs(sizes[subset] - count * share) < 1
        if (count * share).denominator == 1:
            assert sizes[subset] == count * share
    assert draw(803, NINETY, [*reversed(videos), *videos]) == drawn


def test_another_seed_is_another_draw_and_every_film_has_its_chance() -> None:
    videos = [f"v{index}" for index in range(100)]
    draws = [draw(seed, NINETY, videos) for seed in range(200)]
    held_out = Counter(video for drawn in draws for video, subset in drawn.items() if subset is not TRAIN)
    assert sum(held_out.values()) == 200 * 10
    # binomial with mean 20 and standard deviation 4.2: five of these on either side
    assert len(held_out) == 100 and min(held_out.values()) > 0 and max(held_out.values()) < 42


def test_a_draw_is_pinned() -> None:
    """Data sets that were made must stay as they are: this fails where the rule changes."""
    drawn = draw(0, {TRAIN: Fraction(1, 2), TEST: Fraction(1, 2)}, "abcdef")
    assert "".join(sorted(video for video, subset in drawn.items() if subset is TEST)) == "acd"


def test_pieces_of_a_video_stay_together_and_copies_too(tmp_path: Path) -> None:
    splits = Shares(shares=NINETY, video=r"([^/]+)_chunk\d+\.mp4$")
    rows = [source(f"{part}/v{video}_chunk{piece}.mp4") for video in range(20) for piece, part in enumerate("abc")]
    rows.append(source("copy.mp4", sha256=rows[0].sha256))
    found = assign(splits, tmp_path, rows[:-1])
    for video in range(20):
        assert len({found[row.source_id] for row in rows if f"/v{video}_chunk" in row.path}) == 1
    assert Counter(found.values()) == {TRAIN: 18 * 3, VALIDATION: 3, TEST: 3}
    alone = assign(Shares(shares=NINETY), tmp_path, rows)
    assert len(alone) == 60, "the same bytes are one film, whatever its name"


def test_lists_name_films_in_several_ways_and_tell_what_is_absent(tmp_path: Path) -> None:
    splits = Lists(
        files={TRAIN: "train.txt", VALIDATION: "validation.txt"}, video=r"([^/]+?)(?:_denoised)?(?:_thumb)?\.mp4$"
    )
    (tmp_path / "train.txt").write_text("# comment\n2015-02\nd/b.mp4\r\ngone\n\n")
    (tmp_path / "validation.txt").write_text("c\n")
    rows = [source(name) for name in ("x/2015-02_denoised_thumb.mp4", "d/b.mp4", "c.webm", "else.mp4")]
    found = assign(splits, tmp_path, rows)
    assert [found.get(row.source_id) for row in rows] == [TRAIN, TRAIN, VALIDATION, None]
    assert absent(splits, tmp_path, rows) == ["gone"]
    assert absent(Shares(shares=NINETY), tmp_path, rows) == []
    (tmp_path / "validation.txt").write_text("gone\n")
    with pytest.raises(SettingError, match="gone twice"):
        assign(splits, tmp_path, rows)
    (tmp_path / "train.txt").unlink()
    with pytest.raises(SettingError, match="no list"):
        assign(splits, tmp_path, rows)


def test_a_table_of_classes_divides_too(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("abc,30,dog,train\nxyz,5,cat,test\n")
    rows = [source(name) for name in ("abc_000030.mp4", "xyz.mp4", "other.mp4")]
    found = assign(ClassTable(file="table.csv"), tmp_path, rows)
    assert [found.get(row.source_id) for row in rows] == [TRAIN, TEST, None]
    (tmp_path / "table.csv").write_text("abc,30,dog,dev\n")
    with pytest.raises(SettingError, match=r"'dev'.*train, validation, test"):
        assign(ClassTable(file="table.csv"), tmp_path, rows)


def test_counts_that_are_as_expected_and_counts_that_are_not() -> None:
    hits = read_recipe("greatest-hits")
    good = {Counted.SOURCES: 977, Counted.TRAIN_CLIPS: 6177 - 123, Counted.VALIDATION_CLIPS: 2040 + 40}
    assert expected(hits, good) == []
    (problem,) = expected(hits, {**good, Counted.SOURCES: 976})
    assert "should have 977 films and has 976" in problem and "2409.17550" in problem
    (problem,) = expected(hits, {**good, Counted.TRAIN_CLIPS: 6177 - 124})
    assert "6,177 clips for train, give or take 2 %, and has 6,053" in problem
    assert len(expected(hits, {})) == 3, "what was not counted is not there"


def test_one_of_several_forms_is_enough() -> None:
    landscape = read_recipe("landscape")
    for count in (928, 1000):
        assert expected(landscape, {Counted.SOURCES: count, Counted.TEXTS: 9}) == []
    (problem,) = expected(landscape, {Counted.SOURCES: 950, Counted.TEXTS: 9})
    assert "928 or 1,000 films" in problem


def test_hours_are_counted_exactly() -> None:
    recipe = checked(Recipe, {**SMALL, "expects": [{"of": "hours", "count": "64/10", "cite": "x"}]}, "here")
    assert expected(recipe, {Counted.HOURS: Fraction(64, 10)}) == []
    assert "6.40 hours and has 6.41" in expected(recipe, {Counted.HOURS: Fraction(641, 100)})[0]


def test_every_recipe_that_ships_is_a_file_of_the_package() -> None:
    assert {path.suffix for path in FOLDER.iterdir()} == {".yaml"}
