"""Corruptions of the data sets of pictures: MPII, LSP, LSP extended, COCO."""

import json

import numpy as np
from scipy.io import loadmat, savemat

from tests.data.doctor.damage import damage, edit_json


@damage("mpii", "pictures are in both splits")
def a_picture_in_both_splits(root, rng):
    train, valid = (json.loads((root / "annot" / f"{name}.json").read_text()) for name in ("train", "valid"))
    (root / "annot" / "train.json").write_text(json.dumps([*train, valid[0]]))


@damage("mpii", "does not decode")
def an_undecodable_picture(root, rng):
    (root / "images" / "000000003.jpg").write_bytes(b"<html>not found</html>")


@damage("lsp", "1 pictures are missing, the first is im0004.jpg")
def a_missing_lsp_picture(root, rng):
    (root / "images" / "im0004.jpg").unlink()


@damage("lsp", "lies outside im0002.jpg")
def lsp_labels_of_another_size(root, rng):
    joints = loadmat(root / "joints.mat")["joints"]
    joints[:2, :, 1] += 600
    savemat(root / "joints.mat", {"joints": joints})


@damage("lspet", "pictures are missing")
def an_extended_lsp_picture_that_is_missing(root, rng):
    sorted((root / "images").iterdir())[2].unlink()


@damage("lspet", "box lies outside")
def extended_lsp_labels_of_larger_pictures(root, rng):
    joints = loadmat(root / "joints.mat")["joints"]
    joints[:, :2] *= 5
    savemat(root / "joints.mat", {"joints": joints})


@damage("lspet", "neither (3, 14, pictures)")
def extended_lsp_labels_with_axes_exchanged(root, rng):
    joints = loadmat(root / "joints.mat")["joints"]
    savemat(root / "joints.mat", {"joints": joints.transpose(2, 0, 1)})


TRAIN = "annotations/person_keypoints_train2017.json"


@damage("coco", "images are missing")
def a_coco_image_that_is_missing(root, rng):
    sorted((root / "train2017").iterdir())[3].unlink()


@damage("coco", "cut short")
def a_coco_image_that_was_cut(root, rng):
    path = sorted((root / "train2017").iterdir())[3]
    path.write_bytes(path.read_bytes()[:-60])


@damage("coco", "cannot read|as COCO annotations")
def coco_annotations_that_were_cut(root, rng):
    path = root / TRAIN
    path.write_text(path.read_text()[: rng.integers(100, 2000)])


@damage("coco", "shares of the image")
def coco_coordinates_as_shares(root, rng):
    def normalise(content):
        for entry in content["annotations"]:
            entry["keypoints"] = [v / 256 if i % 3 < 2 else v for i, v in enumerate(entry["keypoints"])]

    edit_json(root / TRAIN, normalise)


@damage("coco", "occur more than once")
def coco_ids_that_repeat(root, rng):
    edit_json(root / TRAIN, lambda content: content["annotations"][2].update(id=content["annotations"][1]["id"]))


@damage("coco", "is damaged|image_id")
def a_coco_annotation_without_an_image(root, rng):
    def remove(content):
        del content["annotations"][3]["image_id"]

    edit_json(root / TRAIN, remove)


@damage("coco", "fewer than its category")
def coco_keypoints_that_are_too_few(root, rng):
    def shorten(content):
        content["annotations"][3]["keypoints"] = content["annotations"][3]["keypoints"][:30]

    edit_json(root / TRAIN, shorten)


@damage("coco", "other flags")
def coco_keypoints_without_flags(root, rng):
    def scores(content):
        entry = content["annotations"][3]
        entry["keypoints"] = [0.87 if i % 3 == 2 and v else v for i, v in enumerate(entry["keypoints"])]

    edit_json(root / TRAIN, scores)


@damage("coco", "does not count the labelled")
def a_coco_number_of_keypoints_that_is_wrong(root, rng):
    edit_json(root / TRAIN, lambda content: content["annotations"][3].update(num_keypoints=3))


@damage("coco", "images are in both splits")
def a_coco_image_in_both_splits(root, rng):
    train = json.loads((root / TRAIN).read_text())

    def add(content):
        content["images"].append(train["images"][0])

    edit_json(root / "annotations" / "person_keypoints_val2017.json", add)


@damage("coco", "box lies outside")
def coco_labels_of_a_larger_image(root, rng):
    def enlarge(content):
        for entry in content["annotations"]:
            entry["keypoints"] = [4 * v if i % 3 < 2 else v for i, v in enumerate(entry["keypoints"])]

    edit_json(root / TRAIN, enlarge)


@damage("coco", "no category person")
def coco_annotations_of_something_else(root, rng):
    edit_json(root / TRAIN, lambda content: content["categories"][0].update(name="dog"))


def edit_people(root, change, split="train"):
    path = root / "annot" / f"{split}.json"
    people = json.loads(path.read_text())
    for person in people:
        change(person)
    path.write_text(json.dumps(people))


@damage("mpii", "train.json")
def mpii_annotations_that_were_cut(root, rng):
    path = root / "annot" / "train.json"
    path.write_text(path.read_text()[: int(rng.integers(100, 2000))])


@damage("mpii", "train.json|joints_vis")
def mpii_people_without_flags(root, rng):
    edit_people(root, lambda person: person.pop("joints_vis"))


@damage("mpii", "pictures are missing")
def an_mpii_picture_that_is_missing(root, rng):
    (root / "images" / json.loads((root / "annot" / "train.json").read_text())[0]["image"]).unlink()


@damage("mpii", "cut short")
def an_mpii_picture_that_was_cut(root, rng):
    path = root / "images" / json.loads((root / "annot" / "train.json").read_text())[0]["image"]
    path.write_bytes(path.read_bytes()[: -int(rng.integers(30, 90))])


@damage("mpii", "lies outside")
def mpii_labels_of_larger_pictures(root, rng):
    def enlarge(person):
        person["joints"] = (8 * np.array(person["joints"])).tolist()

    edit_people(root, enlarge)


@damage("mpii", "shares of the image")
def mpii_coordinates_as_shares(root, rng):
    def normalise(person):
        person["joints"] = (np.array(person["joints"]) / 1000).tolist()

    edit_people(root, normalise)


def edit_lsp(root, change):
    path = root / "joints.mat"
    savemat(path, {"joints": change(loadmat(path)["joints"])})


@damage("lsp", "joints.mat")
def lsp_labels_that_were_cut(root, rng):
    path = root / "joints.mat"
    path.write_bytes(path.read_bytes()[: int(rng.integers(100, 1500))])


@damage("lsp", "neither (3, 14, pictures)")
def lsp_labels_with_axes_exchanged(root, rng):
    edit_lsp(root, lambda joints: joints.transpose(2, 1, 0))


@damage("lsp", "does not decode")
def an_lsp_picture_that_is_a_page(root, rng):
    (root / "images" / "im0003.jpg").write_bytes(b"<html>moved</html>")


@damage("lsp", "shares of the image")
def lsp_coordinates_as_shares(root, rng):
    def normalise(joints):
        joints[:2] /= 1000
        return joints

    edit_lsp(root, normalise)


@damage("lspet", "cut short")
def an_extended_lsp_picture_that_was_cut(root, rng):
    path = sorted((root / "images").iterdir())[int(rng.integers(5))]
    path.write_bytes(path.read_bytes()[:-50])


@damage("lspet", "cannot read|joints.mat")
def extended_lsp_labels_that_were_cut(root, rng):
    path = root / "joints.mat"
    path.write_bytes(path.read_bytes()[: int(rng.integers(100, 1500))])
