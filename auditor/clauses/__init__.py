"""Does a text prohibit the sexual exploitation of minors?"""
