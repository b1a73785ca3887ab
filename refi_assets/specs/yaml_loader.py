"""The loader of YAML files: libyaml's if PyYAML was built with it, which is eight times as fast."""

import yaml

SafeLoader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
