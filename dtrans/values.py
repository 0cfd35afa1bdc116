"""`dataclasses` for the modules that every start imports: the same classes, made in a fraction of the time.

The standard library writes the text of five methods for each class, and compiles it whenever the module is imported.
The runner has a hundred of them, and that took longer than all the rest of a start. Here the methods are closures.
Type checkers and generated programs take the standard library's `dataclass`, `field` and `replace` in place of these,
and its `fields`, `is_dataclass` and `replace` know the classes made here.

Left out is what no class of dtrans uses: classes without slots, inheritance between dataclasses, ``ClassVar``,
``InitVar``, ``kw_only``, ``order``.
"""

from __future__ import annotations

from operator import attrgetter

from dtrans.typed import TYPE_CHECKING

__all__ = ["dataclass", "field", "replace"]

if TYPE_CHECKING:
    from dataclasses import dataclass, field, replace
else:

    def dataclass(*, slots, frozen=False, eq=True):
        """`dataclasses.dataclass`."""
        if not slots:
            raise TypeError("the classes made here have slots")
        return lambda cls: _made(cls, frozen, eq)

    def field(**options):
        """`dataclasses.field`."""
        return _Part("", options)

    def replace(value, /, **changes):
        """`dataclasses.replace`."""
        # The fields that make one, of the standard library's classes too.
        kept = {name: getattr(value, name) for name in value.__match_args__}
        return type(value)(**{**kept, **changes})

    class _Part:
        """One field of a class, with what `field` said of it. `make` gives its default, None when it has none."""

        __slots__ = ("init", "make", "name", "options")

        def __init__(self, name, options):
            self.name = name
            self.options = options
            self.init = options.get("init", True)
            self.make = (lambda: options["default"]) if "default" in options else options.get("default_factory")

    def _made(cls, frozen, eq):
        space = {name: value for name, value in vars(cls).items() if name not in ("__dict__", "__weakref__")}
        parts = tuple(_part(name, space) for name in space.get("__annotations__", ()))
        space["__slots__"] = tuple(part.name for part in parts)
        space["__match_args__"] = tuple(part.name for part in parts if part.init)
        space["__parts__"] = parts
        space["__dataclass_fields__"] = _StandardFields()
        space["__dataclass_params__"] = _Parameters
        made = type(cls)(cls.__name__, cls.__bases__, space)
        made.__qualname__ = cls.__qualname__
        for name, method in _methods(made, parts, frozen, eq):
            if name not in space:
                setattr(made, name, method)
        return made

    def _part(name, space):
        if name not in space:
            return _Part(name, {})
        value = space.pop(name)
        return _Part(name, value.options if isinstance(value, _Part) else {"default": value})

    def _methods(cls, parts, frozen, eq):
        yield "__init__", _initializer(cls, parts)
        yield "__repr__", _shown
        if eq:
            compared = _getter([part.name for part in parts if part.options.get("compare", True)])

            def equal(self, other):
                return compared(self) == compared(other) if other.__class__ is self.__class__ else NotImplemented

            def hashed(self):
                return hash(compared(self))

            yield "__eq__", equal
            yield "__hash__", hashed if frozen else None
        if frozen:
            yield "__setattr__", _refuse
            yield "__delattr__", _refuse
            # Copies and pickles are made by these, since fields cannot be assigned.
            yield "__getstate__", _method(_getter([part.name for part in parts]))
            yield "__setstate__", _setter(cls, parts)

    def _initializer(cls, parts):
        taken = [part for part in parts if part.init]
        rest = [part for part in parts if not part.init and part.make]
        count, puts = len(taken), [getattr(cls, part.name).__set__ for part in taken]
        prepare = getattr(cls, "__post_init__", None)

        def init(self, *args, **named):
            if named or len(args) != count:
                args = _bound(cls, taken, args, named)
            for put, value in zip(puts, args):  # noqa: B905 (they are as many, and this is the busiest line of all)
                put(self, value)
            for part in rest:
                object.__setattr__(self, part.name, part.make())
            if prepare is not None:
                prepare(self)

        return init

    def _bound(cls, parts, args, named):
        """The values of all fields, by position, from what a call gives."""
        values = list(args)
        for part in parts[len(args) :]:
            if part.name in named:
                values.append(named.pop(part.name))
            elif part.make is not None:
                values.append(part.make())
            else:
                raise TypeError(f"{cls.__name__}() is not given its field {part.name!r}")
        if named or len(values) > len(parts):
            raise TypeError(f"{cls.__name__}() has no field {next(iter(named), len(parts))!r}")
        return values

    def _setter(cls, parts):
        """A function of a value and a sequence: stores the sequence in some fields."""
        puts = [getattr(cls, part.name).__set__ for part in parts]

        def put(self, values):
            for one, value in zip(puts, values, strict=True):
                one(self, value)

        return put

    def _getter(names):
        """A function of a value: the tuple of some fields."""
        if len(names) > 1:
            return attrgetter(*names)
        return lambda self: tuple(getattr(self, name) for name in names)

    def _method(function):
        """A function that is found in an object's class and called with the object, which `attrgetter` is not."""

        def method(self):
            return function(self)

        return method

    def _shown(self):
        shown = (part.name for part in self.__parts__ if part.options.get("repr", True))
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

    def _refuse(self, name, *_):
        raise AttributeError(f"the field {name!r} of a {type(self).__name__} stays as it is")

    class _Parameters:
        """What `pprint` asks of a class: without a method `repr` of the standard library it takes ours."""

        repr = False

    class _StandardFields:
        """The fields as the standard library describes them, made when it asks."""

        def __get__(self, value, cls):
            import dataclasses

            def standard(part):
                made = dataclasses.field(**part.options)
                made.name, made.type = part.name, cls.__annotations__[part.name]
                made._field_type = dataclasses._FIELD
                return made

            return {part.name: standard(part) for part in cls.__parts__}
