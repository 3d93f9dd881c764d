from .errors import GzssarError as GzssarError
from .experiment.config import ExperimentConfig as ExperimentConfig
from .experiment.run import Result as Result, run as run
from .experiment.story import Experiment as Experiment, run_seed as run_seed
from .features.features import (
    Benchmark as Benchmark,
    FeatureSet as FeatureSet,
    Phase as Phase,
    Unlabelled as Unlabelled,
)
from .features.files import load_features as load_features, save_features as save_features
from .features.synse import read_synse as read_synse
from .methods.method import ClassScores as ClassScores, Method as Method, Scorer as Scorer, Task as Task
from .methods.recipe import DEFAULT as DEFAULT, PAPER as PAPER, Recipe as Recipe
from .recognizer import Prediction as Prediction, Recognizer as Recognizer
from .skeletons.readers import ReadOptions as ReadOptions, open_clips as open_clips, read_clip as read_clip
from .skeletons.sequence import SkeletonSequence as SkeletonSequence
from .splits import ClassSplit as ClassSplit, published_split as published_split

__version__: str
