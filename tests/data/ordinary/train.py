import numpy as np


def main() -> None:
    vectors = np.load("embeddings.npy", allow_pickle=False)
    print(vectors.mean())


main()
