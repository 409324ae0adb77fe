"""Operations, models and types found in a catalogue: by path, by words, by the difference to another one."""
