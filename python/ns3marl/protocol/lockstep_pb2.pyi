from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor
PROTOCOL_VERSION_MAJOR: ProtocolVersion
PROTOCOL_VERSION_MINOR: ProtocolVersion
PROTOCOL_VERSION_UNSPECIFIED: ProtocolVersion

class Action(_message.Message):
    __slots__ = ["groups", "tick"]
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    TICK_FIELD_NUMBER: _ClassVar[int]
    groups: _containers.RepeatedCompositeFieldContainer[GroupAction]
    tick: int
    def __init__(self, tick: _Optional[int] = ..., groups: _Optional[_Iterable[_Union[GroupAction, _Mapping]]] = ...) -> None: ...

class Begin(_message.Message):
    __slots__ = ["arguments", "builtin", "protocol_major", "run", "seed"]
    ARGUMENTS_FIELD_NUMBER: _ClassVar[int]
    BUILTIN_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_MAJOR_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    arguments: _containers.RepeatedScalarFieldContainer[str]
    builtin: bool
    protocol_major: int
    run: int
    seed: int
    def __init__(self, arguments: _Optional[_Iterable[str]] = ..., seed: _Optional[int] = ..., run: _Optional[int] = ..., protocol_major: _Optional[int] = ..., builtin: bool = ...) -> None: ...

class ChoicesOf(_message.Message):
    __slots__ = ["choices", "group", "head"]
    CHOICES_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    HEAD_FIELD_NUMBER: _ClassVar[int]
    choices: _containers.RepeatedScalarFieldContainer[int]
    group: int
    head: int
    def __init__(self, group: _Optional[int] = ..., head: _Optional[int] = ..., choices: _Optional[_Iterable[int]] = ...) -> None: ...

class Column(_message.Message):
    __slots__ = ["categories", "name", "type", "unit"]
    class Type(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = []
    CATEGORIES_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    TYPE_FLOAT64: Column.Type
    TYPE_INT64: Column.Type
    TYPE_UNSPECIFIED: Column.Type
    UNIT_FIELD_NUMBER: _ClassVar[int]
    categories: _containers.RepeatedScalarFieldContainer[str]
    name: str
    type: Column.Type
    unit: str
    def __init__(self, name: _Optional[str] = ..., unit: _Optional[str] = ..., type: _Optional[_Union[Column.Type, str]] = ..., categories: _Optional[_Iterable[str]] = ...) -> None: ...

class Condition(_message.Message):
    __slots__ = ["choices", "head"]
    CHOICES_FIELD_NUMBER: _ClassVar[int]
    HEAD_FIELD_NUMBER: _ClassVar[int]
    choices: _containers.RepeatedScalarFieldContainer[int]
    head: int
    def __init__(self, head: _Optional[int] = ..., choices: _Optional[_Iterable[int]] = ...) -> None: ...

class ContinuousHead(_message.Message):
    __slots__ = ["active_if", "default_value", "description", "high", "low", "name", "unit"]
    ACTIVE_IF_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_VALUE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    active_if: Condition
    default_value: float
    description: str
    high: float
    low: float
    name: str
    unit: str
    def __init__(self, name: _Optional[str] = ..., unit: _Optional[str] = ..., low: _Optional[float] = ..., high: _Optional[float] = ..., default_value: _Optional[float] = ..., active_if: _Optional[_Union[Condition, _Mapping]] = ..., description: _Optional[str] = ...) -> None: ...

class Describe(_message.Message):
    __slots__ = ["arguments", "protocol_major"]
    ARGUMENTS_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_MAJOR_FIELD_NUMBER: _ClassVar[int]
    arguments: _containers.RepeatedScalarFieldContainer[str]
    protocol_major: int
    def __init__(self, arguments: _Optional[_Iterable[str]] = ..., protocol_major: _Optional[int] = ...) -> None: ...

class Describes(_message.Message):
    __slots__ = ["choice", "head", "quantity"]
    CHOICE_FIELD_NUMBER: _ClassVar[int]
    HEAD_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    choice: int
    head: int
    quantity: str
    def __init__(self, head: _Optional[int] = ..., choice: _Optional[int] = ..., quantity: _Optional[str] = ...) -> None: ...

class Diagnostics(_message.Message):
    __slots__ = ["build_wall_ns", "tick_cpu_ns", "tick_wall_ns"]
    BUILD_WALL_NS_FIELD_NUMBER: _ClassVar[int]
    TICK_CPU_NS_FIELD_NUMBER: _ClassVar[int]
    TICK_WALL_NS_FIELD_NUMBER: _ClassVar[int]
    build_wall_ns: int
    tick_cpu_ns: int
    tick_wall_ns: int
    def __init__(self, build_wall_ns: _Optional[int] = ..., tick_wall_ns: _Optional[int] = ..., tick_cpu_ns: _Optional[int] = ...) -> None: ...

class DiscreteHead(_message.Message):
    __slots__ = ["active_if", "choices", "default_choice", "description", "name"]
    ACTIVE_IF_FIELD_NUMBER: _ClassVar[int]
    CHOICES_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_CHOICE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    active_if: Condition
    choices: _containers.RepeatedScalarFieldContainer[str]
    default_choice: int
    description: str
    name: str
    def __init__(self, name: _Optional[str] = ..., choices: _Optional[_Iterable[str]] = ..., default_choice: _Optional[int] = ..., active_if: _Optional[_Union[Condition, _Mapping]] = ..., description: _Optional[str] = ...) -> None: ...

class End(_message.Message):
    __slots__ = ["reason"]
    REASON_FIELD_NUMBER: _ClassVar[int]
    reason: str
    def __init__(self, reason: _Optional[str] = ...) -> None: ...

class Ending(_message.Message):
    __slots__ = ["how", "identity", "last_lines"]
    HOW_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    LAST_LINES_FIELD_NUMBER: _ClassVar[int]
    how: str
    identity: str
    last_lines: str
    def __init__(self, identity: _Optional[str] = ..., how: _Optional[str] = ..., last_lines: _Optional[str] = ...) -> None: ...

class Fault(_message.Message):
    __slots__ = ["kind", "message", "tick"]
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = []
    KIND_CONFIG: Fault.Kind
    KIND_FIELD_NUMBER: _ClassVar[int]
    KIND_OUT_OF_STEP: Fault.Kind
    KIND_SIMULATION: Fault.Kind
    KIND_SPEC_VIOLATION: Fault.Kind
    KIND_UNSPECIFIED: Fault.Kind
    KIND_VERSION: Fault.Kind
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    TICK_FIELD_NUMBER: _ClassVar[int]
    kind: Fault.Kind
    message: str
    tick: int
    def __init__(self, kind: _Optional[_Union[Fault.Kind, str]] = ..., tick: _Optional[int] = ..., message: _Optional[str] = ...) -> None: ...

class Feature(_message.Message):
    __slots__ = ["describes", "description", "high", "low", "name", "saturating", "unit"]
    DESCRIBES_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SATURATING_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    describes: Describes
    description: str
    high: float
    low: float
    name: str
    saturating: bool
    unit: str
    def __init__(self, name: _Optional[str] = ..., unit: _Optional[str] = ..., low: _Optional[float] = ..., high: _Optional[float] = ..., saturating: bool = ..., description: _Optional[str] = ..., describes: _Optional[_Union[Describes, _Mapping]] = ...) -> None: ...

class Group(_message.Message):
    __slots__ = ["agents", "continuous_heads", "discrete_heads", "features", "name"]
    AGENTS_FIELD_NUMBER: _ClassVar[int]
    CONTINUOUS_HEADS_FIELD_NUMBER: _ClassVar[int]
    DISCRETE_HEADS_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    agents: _containers.RepeatedScalarFieldContainer[str]
    continuous_heads: _containers.RepeatedCompositeFieldContainer[ContinuousHead]
    discrete_heads: _containers.RepeatedCompositeFieldContainer[DiscreteHead]
    features: _containers.RepeatedCompositeFieldContainer[Feature]
    name: str
    def __init__(self, name: _Optional[str] = ..., agents: _Optional[_Iterable[str]] = ..., features: _Optional[_Iterable[_Union[Feature, _Mapping]]] = ..., discrete_heads: _Optional[_Iterable[_Union[DiscreteHead, _Mapping]]] = ..., continuous_heads: _Optional[_Iterable[_Union[ContinuousHead, _Mapping]]] = ...) -> None: ...

class GroupAction(_message.Message):
    __slots__ = ["continuous", "discrete"]
    CONTINUOUS_FIELD_NUMBER: _ClassVar[int]
    DISCRETE_FIELD_NUMBER: _ClassVar[int]
    continuous: bytes
    discrete: bytes
    def __init__(self, discrete: _Optional[bytes] = ..., continuous: _Optional[bytes] = ...) -> None: ...

class Hello(_message.Message):
    __slots__ = ["ns3_build_profile", "ns3_version", "pid", "protocol_major", "protocol_minor", "scenario"]
    NS3_BUILD_PROFILE_FIELD_NUMBER: _ClassVar[int]
    NS3_VERSION_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_MAJOR_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_MINOR_FIELD_NUMBER: _ClassVar[int]
    SCENARIO_FIELD_NUMBER: _ClassVar[int]
    ns3_build_profile: str
    ns3_version: str
    pid: int
    protocol_major: int
    protocol_minor: int
    scenario: str
    def __init__(self, protocol_major: _Optional[int] = ..., protocol_minor: _Optional[int] = ..., scenario: _Optional[str] = ..., ns3_version: _Optional[str] = ..., ns3_build_profile: _Optional[str] = ..., pid: _Optional[int] = ...) -> None: ...

class Metric(_message.Message):
    __slots__ = ["description", "higher_is_better", "name", "unit"]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    HIGHER_IS_BETTER_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    description: str
    higher_is_better: bool
    name: str
    unit: str
    def __init__(self, name: _Optional[str] = ..., unit: _Optional[str] = ..., description: _Optional[str] = ..., higher_is_better: bool = ...) -> None: ...

class Observation(_message.Message):
    __slots__ = ["arrays", "builtin", "diagnostics", "saturated", "sim_time_ns", "tables", "terminated", "tick", "truncated"]
    ARRAYS_FIELD_NUMBER: _ClassVar[int]
    BUILTIN_FIELD_NUMBER: _ClassVar[int]
    DIAGNOSTICS_FIELD_NUMBER: _ClassVar[int]
    SATURATED_FIELD_NUMBER: _ClassVar[int]
    SIM_TIME_NS_FIELD_NUMBER: _ClassVar[int]
    TABLES_FIELD_NUMBER: _ClassVar[int]
    TERMINATED_FIELD_NUMBER: _ClassVar[int]
    TICK_FIELD_NUMBER: _ClassVar[int]
    TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    arrays: bytes
    builtin: _containers.RepeatedCompositeFieldContainer[GroupAction]
    diagnostics: Diagnostics
    saturated: int
    sim_time_ns: int
    tables: _containers.RepeatedCompositeFieldContainer[TableRows]
    terminated: bool
    tick: int
    truncated: bool
    def __init__(self, tick: _Optional[int] = ..., sim_time_ns: _Optional[int] = ..., terminated: bool = ..., truncated: bool = ..., arrays: _Optional[bytes] = ..., tables: _Optional[_Iterable[_Union[TableRows, _Mapping]]] = ..., saturated: _Optional[int] = ..., builtin: _Optional[_Iterable[_Union[GroupAction, _Mapping]]] = ..., diagnostics: _Optional[_Union[Diagnostics, _Mapping]] = ...) -> None: ...

class Ready(_message.Message):
    __slots__ = ["observation", "spec_hash"]
    OBSERVATION_FIELD_NUMBER: _ClassVar[int]
    SPEC_HASH_FIELD_NUMBER: _ClassVar[int]
    observation: Observation
    spec_hash: str
    def __init__(self, spec_hash: _Optional[str] = ..., observation: _Optional[_Union[Observation, _Mapping]] = ...) -> None: ...

class Spec(_message.Message):
    __slots__ = ["duration_ns", "groups", "has_builtin", "hash", "idle_ticks", "metrics", "scenario", "state", "tables", "tick_ns", "ticks"]
    DURATION_NS_FIELD_NUMBER: _ClassVar[int]
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    HASH_FIELD_NUMBER: _ClassVar[int]
    HAS_BUILTIN_FIELD_NUMBER: _ClassVar[int]
    IDLE_TICKS_FIELD_NUMBER: _ClassVar[int]
    METRICS_FIELD_NUMBER: _ClassVar[int]
    SCENARIO_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    TABLES_FIELD_NUMBER: _ClassVar[int]
    TICKS_FIELD_NUMBER: _ClassVar[int]
    TICK_NS_FIELD_NUMBER: _ClassVar[int]
    duration_ns: int
    groups: _containers.RepeatedCompositeFieldContainer[Group]
    has_builtin: bool
    hash: str
    idle_ticks: bool
    metrics: _containers.RepeatedCompositeFieldContainer[Metric]
    scenario: str
    state: _containers.RepeatedCompositeFieldContainer[StateBlock]
    tables: _containers.RepeatedCompositeFieldContainer[Table]
    tick_ns: int
    ticks: int
    def __init__(self, scenario: _Optional[str] = ..., tick_ns: _Optional[int] = ..., ticks: _Optional[int] = ..., duration_ns: _Optional[int] = ..., idle_ticks: bool = ..., has_builtin: bool = ..., groups: _Optional[_Iterable[_Union[Group, _Mapping]]] = ..., state: _Optional[_Iterable[_Union[StateBlock, _Mapping]]] = ..., metrics: _Optional[_Iterable[_Union[Metric, _Mapping]]] = ..., tables: _Optional[_Iterable[_Union[Table, _Mapping]]] = ..., hash: _Optional[str] = ...) -> None: ...

class StateBlock(_message.Message):
    __slots__ = ["agents_of", "choices_of", "features", "name", "rows"]
    AGENTS_OF_FIELD_NUMBER: _ClassVar[int]
    CHOICES_OF_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    agents_of: int
    choices_of: _containers.RepeatedCompositeFieldContainer[ChoicesOf]
    features: _containers.RepeatedCompositeFieldContainer[Feature]
    name: str
    rows: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., rows: _Optional[_Iterable[str]] = ..., features: _Optional[_Iterable[_Union[Feature, _Mapping]]] = ..., agents_of: _Optional[int] = ..., choices_of: _Optional[_Iterable[_Union[ChoicesOf, _Mapping]]] = ...) -> None: ...

class Stop(_message.Message):
    __slots__ = ["identity"]
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    identity: str
    def __init__(self, identity: _Optional[str] = ...) -> None: ...

class Table(_message.Message):
    __slots__ = ["columns", "name"]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    columns: _containers.RepeatedCompositeFieldContainer[Column]
    name: str
    def __init__(self, name: _Optional[str] = ..., columns: _Optional[_Iterable[_Union[Column, _Mapping]]] = ...) -> None: ...

class TableRows(_message.Message):
    __slots__ = ["columns", "rows"]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    columns: _containers.RepeatedScalarFieldContainer[bytes]
    rows: int
    def __init__(self, rows: _Optional[int] = ..., columns: _Optional[_Iterable[bytes]] = ...) -> None: ...

class ToLearner(_message.Message):
    __slots__ = ["fault", "hello", "observation", "ready", "spec", "worker"]
    FAULT_FIELD_NUMBER: _ClassVar[int]
    HELLO_FIELD_NUMBER: _ClassVar[int]
    OBSERVATION_FIELD_NUMBER: _ClassVar[int]
    READY_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    WORKER_FIELD_NUMBER: _ClassVar[int]
    fault: Fault
    hello: Hello
    observation: Observation
    ready: Ready
    spec: Spec
    worker: Worker
    def __init__(self, hello: _Optional[_Union[Hello, _Mapping]] = ..., spec: _Optional[_Union[Spec, _Mapping]] = ..., ready: _Optional[_Union[Ready, _Mapping]] = ..., observation: _Optional[_Union[Observation, _Mapping]] = ..., fault: _Optional[_Union[Fault, _Mapping]] = ..., worker: _Optional[_Union[Worker, _Mapping]] = ...) -> None: ...

class ToSimulator(_message.Message):
    __slots__ = ["action", "begin", "describe", "end", "stop", "welcome"]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    BEGIN_FIELD_NUMBER: _ClassVar[int]
    DESCRIBE_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    STOP_FIELD_NUMBER: _ClassVar[int]
    WELCOME_FIELD_NUMBER: _ClassVar[int]
    action: Action
    begin: Begin
    describe: Describe
    end: End
    stop: Stop
    welcome: Welcome
    def __init__(self, describe: _Optional[_Union[Describe, _Mapping]] = ..., begin: _Optional[_Union[Begin, _Mapping]] = ..., action: _Optional[_Union[Action, _Mapping]] = ..., end: _Optional[_Union[End, _Mapping]] = ..., welcome: _Optional[_Union[Welcome, _Mapping]] = ..., stop: _Optional[_Union[Stop, _Mapping]] = ...) -> None: ...

class Welcome(_message.Message):
    __slots__ = ["protocol_minor"]
    PROTOCOL_MINOR_FIELD_NUMBER: _ClassVar[int]
    protocol_minor: int
    def __init__(self, protocol_minor: _Optional[int] = ...) -> None: ...

class Worker(_message.Message):
    __slots__ = ["endings", "protocol_major", "protocol_minor", "scenario"]
    ENDINGS_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_MAJOR_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_MINOR_FIELD_NUMBER: _ClassVar[int]
    SCENARIO_FIELD_NUMBER: _ClassVar[int]
    endings: _containers.RepeatedCompositeFieldContainer[Ending]
    protocol_major: int
    protocol_minor: int
    scenario: str
    def __init__(self, protocol_major: _Optional[int] = ..., protocol_minor: _Optional[int] = ..., scenario: _Optional[str] = ..., endings: _Optional[_Iterable[_Union[Ending, _Mapping]]] = ...) -> None: ...

class ProtocolVersion(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []
