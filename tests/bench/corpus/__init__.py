"""The same documents in the formats that offices have, made by real programs: is as much found, in the right place?"""
