"""The data of the examples of experiments: features of made-up clips, and the texts of their classes."""

from functools import cache

from gzssar import (
    Benchmark,
    Encoding,
    ExperimentData,
    FeatureSet,
    Phase,
    Recognizer,
    encode_texts,
    find_class_texts,
    load_text_encoders,
)
from gzssar.synthetic import SYNTHETIC_SPLIT, SyntheticWorld


@cache
def made_up_data() -> ExperimentData:
    """40 seen and 8 unseen actions of the synthetic world; performers with odd ids are for training, the others for
    testing."""
    world, split = SyntheticWorld(clips_per_class=8, frames=40, subject_count=8), SYNTHETIC_SPLIT
    clips = world.clips()
    recognizer = Recognizer.from_pretrained()  # its encoder turns a clip into numbers
    features = FeatureSet(recognizer.encode(list(clips)), clips.labels, streams=recognizer.encoder.streams)
    trains = clips.subjects % 2 == 1
    test = Phase("test", features.where(trains).of(split.seen), features.where(~trains), split.seen, split.unseen)
    benchmark = Benchmark(split, test, None, "clips of the synthetic world", world.labels, synthetic=True)
    texts = encode_texts(find_class_texts("synthetic"), ("lb", "ad", "md"), load_text_encoders(Encoding()))
    return ExperimentData(benchmark, texts)
