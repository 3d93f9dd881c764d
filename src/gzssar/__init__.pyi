from .encoders.network import SkeletonNetwork as SkeletonNetwork
from .errors import GzssarError as GzssarError
from .experiment.config import ExperimentConfig as ExperimentConfig
from .experiment.data import ExperimentData as ExperimentData
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
from .methods.method import (
    ClassScores as ClassScores,
    Mapped as Mapped,
    Method as Method,
    Scorer as Scorer,
    Task as Task,
)
from .methods.msf.method import Msf as Msf
from .methods.problem import Spaces as Spaces
from .methods.recipe import DEFAULT as DEFAULT, PAPER as PAPER, Recipe as Recipe
from .methods.ridge import Ridge as Ridge
from .own_test import OwnScores as OwnScores, OwnTest as OwnTest, scores_of as scores_of
from .recognizer import Prediction as Prediction, Recognizer as Recognizer
from .recognizer.explanation import Explanation as Explanation
from .recognizer.fitting import Fitting as Fitting, fit_recognizer as fit_recognizer
from .recognizer.prediction import PredictionDict as PredictionDict, RankedClass as RankedClass
from .reports.own_page import OwnHeader as OwnHeader
from .reports.own_test import write_own_report as write_own_report
from .skeletons.doubt import Doubt as Doubt
from .skeletons.layout import LAYOUTS as LAYOUTS, Layout as Layout
from .skeletons.readers import (
    ClipEntry as ClipEntry,
    ClipSource as ClipSource,
    Reader as Reader,
    ReadOptions as ReadOptions,
    open_clips as open_clips,
    read_clip as read_clip,
)
from .skeletons.sequence import SkeletonSequence as SkeletonSequence
from .splits import ClassSplit as ClassSplit, published_split as published_split
from .texts.classes import (
    ClassText as ClassText,
    ClassTexts as ClassTexts,
    find_class_texts as find_class_texts,
    read_class_texts as read_class_texts,
)
from .texts.encoders import TextEncoder as TextEncoder
from .texts.encoding import (
    Encoding as Encoding,
    encode_texts as encode_texts,
    load_text_encoders as load_text_encoders,
)

__version__: str
