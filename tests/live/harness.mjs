// Calls pose3d/live/assets/pose.js: `node harness.mjs POSE_JS FOLDER cut|place`; see test_pose_js.py.
import { readFileSync, writeFileSync } from "node:fs";

const [, , script, folder, what] = process.argv;
const { cropOfBox, cut, place, toImage, confidence } = await import(script);
const cases = JSON.parse(readFileSync(`${folder}/cases.json`));
if (what === "cut") {
  const image = { data: readFileSync(`${folder}/image.rgba`), width: cases.width, height: cases.height };
  const crops = cases.boxes.map(([x, y, w, h]) => cut(image, cropOfBox({ x, y, w, h }, cases.margin, cases.size)));
  writeFileSync(`${folder}/crops.rgb`, Buffer.concat(crops));
} else {
  const answers = JSON.parse(readFileSync(`${folder}/answers.json`));
  writeFileSync(`${folder}/placed.json`, JSON.stringify(answers.joints3d.map((pose, i) => {
    const [x, y, w, h] = cases.boxes[i], crop = cropOfBox({ x, y, w, h }, cases.margin, cases.size);
    const joints2d = toImage(crop, answers.joints2d[i]), placed = place(pose, joints2d, cases.camera, cases.full);
    return { ...placed, joints2d, confidence: confidence(answers.scores[i], joints2d, placed.joints3d, placed.translation, cases.camera) };
  })));
}
