"""Operations that take time: wait for them, change resources that have them."""
