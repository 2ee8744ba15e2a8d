// Crop, decode and place as pose3d does in Python: pose3d/geometry, pose3d/heatmaps.py, pose3d/predict.
// Pixel centres lie at integers; camera axes are x right, y down, z forward; lengths are in mm.

export const MIN_JOINT_SCORE = 0.25, FEWEST_SURE = 6, SAME_PERSON = 0.2, AGREEMENT = 0.1, MIN_SIDE_PX = 8;

// Box {x, y, w, h} around the joints [[x, y], ...] that `kept` marks.
export function tightBox(joints, kept) {
  const used = joints.filter((_, j) => kept[j]);
  if (!used.length) return { x: 0, y: 0, w: 0, h: 0 };
  const xs = used.map(p => p[0]), ys = used.map(p => p[1]), x = Math.min(...xs), y = Math.min(...ys);
  return { x, y, w: Math.max(...xs) - x, h: Math.max(...ys) - y };
}

// Crop of a square: crop pixel = zoom * image pixel + (x, y).
export function cropOfSquare(centreX, centreY, side, size) {
  const zoom = size / side;
  return { zoom, x: (size - 1) / 2 - zoom * centreX, y: (size - 1) / 2 - zoom * centreY, size };
}

export function cropOfBox(box, margin, size) {
  return cropOfSquare(box.x + box.w / 2, box.y + box.h / 2, Math.max(Math.max(box.w, box.h) * margin, MIN_SIDE_PX), size);
}

export function letterbox(width, height, size) {
  return cropOfSquare((width - 1) / 2, (height - 1) / 2, Math.max(width, height), size);
}

export function toImage(crop, points) {
  return points.map(([x, y]) => [(x - crop.x) / crop.zoom, (y - crop.y) / crop.zoom]);
}

export function reductionOf(crop) {
  for (const r of [8, 4, 2]) if (crop.zoom * r <= 1.25) return r;
  return 1;
}

// A mean as OpenCV rounds it: halves up for four pixels, else to the even neighbour.
function rounded(sum, n) {
  const whole = Math.floor(sum / n), left = sum - whole * n;
  return 2 * left === n && n > 4 ? whole + whole % 2 : 2 * left >= n ? whole + 1 : whole;
}

// RGBA image {data, width, height} to the crop, size x size x 3 bytes: means of r x r pixels, then bilinear, black outside.
export function cut(image, crop) {
  const { size } = crop, r = reductionOf(crop), { data, width, height } = image;
  const columns = Math.ceil(width / r), rows = Math.ceil(height / r), zoom = crop.zoom * r, half = (r - 1) / 2;
  const dx = crop.x + crop.zoom * half, dy = crop.y + crop.zoom * half;
  const first = v => Math.floor((0 - v) / zoom) - 1, last = v => Math.ceil((size - 1 - v) / zoom) + 2;
  const x0 = Math.max(0, first(dx)), x1 = Math.min(columns, last(dx)), y0 = Math.max(0, first(dy)), y1 = Math.min(rows, last(dy));
  const w = Math.max(0, x1 - x0), h = Math.max(0, y1 - y0), small = new Float32Array(3 * w * h);
  for (let j = 0; j < h; j++) for (let i = 0; i < w; i++) {
    let red = 0, green = 0, blue = 0;
    for (let b = 0; b < r; b++) for (let a = 0; a < r; a++) {
      const at = 4 * (Math.min(height - 1, (y0 + j) * r + b) * width + Math.min(width - 1, (x0 + i) * r + a));
      red += data[at]; green += data[at + 1]; blue += data[at + 2];
    }
    const to = 3 * (j * w + i), n = r * r;
    small[to] = rounded(red, n); small[to + 1] = rounded(green, n); small[to + 2] = rounded(blue, n);
  }
  const out = new Uint8Array(3 * size * size);
  for (let v = 0; v < size; v++) {
    const sy = (v - dy) / zoom - y0, ay = Math.floor(sy), fy = sy - ay;
    for (let u = 0; u < size; u++) {
      const sx = (u - dx) / zoom - x0, ax = Math.floor(sx), fx = sx - ax, to = 3 * (v * size + u);
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let b = 0; b < 2; b++) for (let a = 0; a < 2; a++) {
          const px = ax + a, py = ay + b;
          if (px >= 0 && py >= 0 && px < w && py < h) sum += (a ? fx : 1 - fx) * (b ? fy : 1 - fy) * small[3 * (py * w + px) + c];
        }
        out[to + c] = Math.round(sum);
      }
    }
  }
  return out;
}

export function intrinsicsFromFov(width, height, degrees) {
  const focal = width / 2 / Math.tan(degrees * Math.PI / 360);
  return { fx: focal, fy: focal, cx: (width - 1) / 2, cy: (height - 1) / 2 };
}

const mean = values => values.reduce((a, b) => a + b, 0) / values.length;

// The pose of the crop's view, turned about the camera's y axis to where the joints are seen (supplement 3.2), and T by
// equation (1) of the paper. `full` turns about both axes.
export function place(pose, joints2d, camera, full = false) {
  const middle = [mean(joints2d.map(p => p[0])), mean(joints2d.map(p => p[1]))];
  const slope = [(middle[0] - camera.cx) / camera.fx, full ? (middle[1] - camera.cy) / camera.fy : 0];
  const length = Math.hypot(slope[0], slope[1], 1), x = slope[0] / length, y = slope[1] / length, z = 1 / length;
  const turn = [[1 - x * x / (1 + z), -x * y / (1 + z), x], [-x * y / (1 + z), 1 - y * y / (1 + z), y], [-x, -y, z]];
  const joints3d = pose.map(p => turn.map(row => row[0] * p[0] + row[1] * p[1] + row[2] * p[2]));
  const flat = [0, 1].map(i => mean(joints3d.map(p => p[i])));
  const focal = [camera.fx, camera.fy], centre = [camera.cx, camera.cy];
  let size3d = 0, size2d = 0;
  for (let j = 0; j < pose.length; j++) for (const i of [0, 1]) {
    size3d += ((joints3d[j][i] - flat[i]) * focal[i]) ** 2;
    size2d += (joints2d[j][i] - middle[i]) ** 2;
  }
  const depth = Math.sqrt(size3d / size2d);
  const translation = [...[0, 1].map(i => (middle[i] - centre[i]) * depth / focal[i] - flat[i]), depth];
  return { joints3d, translation };
}

export function project(joints3d, translation, camera) {
  return joints3d.map(p => {
    const z = p[2] + translation[2];
    return z > 0 ? [camera.fx * (p[0] + translation[0]) / z + camera.cx, camera.fy * (p[1] + translation[1]) / z + camera.cy] : [NaN, NaN];
  });
}

// Heatmap peaks, lowered where the 3D pose does not project onto the 2D joint (pose3d/predict/confidence.py).
export function confidence(scores, joints2d, joints3d, translation, camera) {
  const image = project(joints3d, translation, camera), box = tightBox(joints2d, joints2d.map(() => true));
  const size = Math.max(1, box.w, box.h);
  return scores.map((score, j) => {
    const away = Math.hypot(image[j][0] - joints2d[j][0], image[j][1] - joints2d[j][1]) / (AGREEMENT * size);
    const trust = Math.min(1, Math.max(0, score)) / (1 + away * away);
    return Number.isNaN(trust) ? 0 : trust;
  });
}

export function overlap(a, b) {
  const w = Math.max(0, Math.min(a.x + a.w, b.x + b.w) - Math.max(a.x, b.x)), h = Math.max(0, Math.min(a.y + a.h, b.y + b.h) - Math.max(a.y, b.y));
  const union = a.w * a.h + b.w * b.h - w * h;
  return union > 0 ? w * h / union : 0;
}

const rows = (flat, width) => Array.from({ length: flat.length / width }, (_, i) => Array.from(flat.subarray(width * i, width * i + width)));

// Runs both exported networks on images and follows one person from one to the next, as pose3d/predict/follow.py.
// `runFind` and `runPose` take size x size x 3 bytes and return the outputs of the ONNX files by name; `about2d` and
// `about3d` are the descriptions in their metadata.
export class Follower {
  constructor(runFind, about2d, runPose, about3d, lookEvery = 30) {
    Object.assign(this, { runFind, about2d, runPose, about3d, lookEvery, box: null, sinceLook: 0 });
  }

  // Where the most prominent person is: a look at the whole image, then one at a crop around what was seen there.
  async find(image) {
    const { side, box_margin: margin } = this.about2d;
    const coarse = await this.joints(image, letterbox(image.width, image.height, side));
    const best = Math.max(...coarse.scores), spare = 8 / coarse.crop.zoom;
    const around = tightBox(coarse.joints, coarse.scores.map(s => s >= 0.5 * best));
    const box = { x: around.x - spare, y: around.y - spare, w: around.w + 2 * spare, h: around.h + 2 * spare };
    const close = await this.joints(image, cropOfBox(box, margin, side)), sure = close.scores.map(s => s >= MIN_JOINT_SCORE);
    return sure.filter(Boolean).length >= FEWEST_SURE ? tightBox(close.joints, sure) : null;
  }

  async joints(image, crop) {
    const answer = await this.runFind(cut(image, crop), crop.size);
    return { crop, joints: toImage(crop, rows(answer.joints_2d_crop, 2)), scores: Array.from(answer.scores) };
  }

  // The pose of the person in a box.
  async pose(image, box, camera) {
    const crop = cropOfBox(box, this.about3d.box_margin, this.about3d.side);
    const answer = await this.runPose(cut(image, crop), crop.size), joints2d = toImage(crop, rows(answer.joints_2d_crop, 2));
    const placed = place(rows(answer.joints_3d, 3), joints2d, camera, this.about3d.rotation === "full");
    return { ...placed, joints2d, confidence: confidence(Array.from(answer.scores), joints2d, placed.joints3d, placed.translation, camera) };
  }

  // The next frame of a video: a pose, or null where nobody is seen.
  async next(image, camera) {
    const looked = this.box === null || this.sinceLook >= this.lookEvery;
    if (looked) await this.look(image);
    this.sinceLook++;
    let row = await this.held(image, camera);
    if (row === null && !looked) { // a cut, or somebody fast
      this.box = null;
      await this.look(image);
      row = await this.held(image, camera);
    }
    this.box = row === null ? null : row.box;
    return row;
  }

  async look(image) {
    this.sinceLook = 0;
    const found = await this.find(image);
    if (this.box === null || (found !== null && overlap(found, this.box) >= SAME_PERSON)) this.box = found;
  }

  async held(image, camera) {
    if (this.box === null) return null;
    const row = await this.pose(image, this.box, camera), seen = row.confidence.map(c => c >= MIN_JOINT_SCORE / 2);
    const box = tightBox(row.joints2d, seen);
    return seen.filter(Boolean).length >= FEWEST_SURE && overlap(box, this.box) >= SAME_PERSON ? { ...row, box } : null;
  }
}
