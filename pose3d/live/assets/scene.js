// Drawing: the skeleton on the picture, and in 3D, turned with the mouse.

const colour = name => name.startsWith("r_") ? "#d1495b" : name.startsWith("l_") ? "#2e86ab" : "#8a8f98";

export function overlay(context, pose, about, scale) {
  context.lineCap = "round";
  context.lineWidth = Math.max(2, context.canvas.width / 160);
  about.parents.forEach((parent, joint) => {
    if (parent === joint) return;
    context.globalAlpha = 0.25 + 0.75 * Math.min(pose.confidence[joint], pose.confidence[parent]);
    context.strokeStyle = colour(about.joints[joint]);
    context.beginPath();
    context.moveTo(...pose.joints2d[joint].map(v => (v + 0.5) * scale));
    context.lineTo(...pose.joints2d[parent].map(v => (v + 0.5) * scale));
    context.stroke();
  });
  context.globalAlpha = 1;
}

export class Scene {
  constructor(canvas, about) {
    Object.assign(this, { canvas, about, yaw: 0.5, pitch: 0.15, zoom: 1, pose: null });
    let held = null;
    canvas.addEventListener("pointerdown", event => { held = [event.clientX, event.clientY]; canvas.setPointerCapture(event.pointerId); });
    canvas.addEventListener("pointerup", () => { held = null; });
    canvas.addEventListener("pointermove", event => {
      if (!held) return;
      this.yaw += (event.clientX - held[0]) * 0.01;
      this.pitch = Math.max(-1.5, Math.min(1.5, this.pitch + (event.clientY - held[1]) * 0.01));
      held = [event.clientX, event.clientY];
      this.draw();
    });
    canvas.addEventListener("wheel", event => { event.preventDefault(); this.zoom *= Math.exp(-event.deltaY * 0.001); this.draw(); }, { passive: false });
    canvas.addEventListener("dblclick", () => { Object.assign(this, { yaw: 0.5, pitch: 0.15, zoom: 1 }); this.draw(); });
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  show(pose) {
    this.pose = pose;
    this.draw();
  }

  draw() {
    const { canvas } = this, ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(canvas.clientWidth * ratio);
    canvas.height = Math.round(canvas.clientHeight * ratio);
    const context = canvas.getContext("2d"), unit = this.zoom * 0.4 * Math.min(canvas.width, canvas.height) / 1000;
    const [cosY, sinY, cosP, sinP] = [Math.cos(this.yaw), Math.sin(this.yaw), Math.cos(this.pitch), Math.sin(this.pitch)];
    const seen = ([x, y, z]) => { // camera axes: y down, z away from the viewer
      const across = cosY * x + sinY * z, away = -sinY * x + cosY * z, down = cosP * y - sinP * away, depth = sinP * y + cosP * away;
      const near = 4000 / (4000 + depth);
      return [canvas.width / 2 + unit * near * across, canvas.height / 2 + unit * near * down, depth, near];
    };
    const low = this.pose ? Math.max(...this.pose.joints3d.map(p => p[1])) : 900;
    context.strokeStyle = "#8a8f9855";
    for (let i = -3; i <= 3; i++) for (const [a, b] of [[[500 * i, low, -1500], [500 * i, low, 1500]], [[-1500, low, 500 * i], [1500, low, 500 * i]]]) {
      context.beginPath(); context.moveTo(...seen(a).slice(0, 2)); context.lineTo(...seen(b).slice(0, 2)); context.stroke();
    }
    if (!this.pose) return;
    const points = this.pose.joints3d.map(seen), bones = this.about.parents.map((parent, joint) => [joint, parent]).filter(([a, b]) => a !== b);
    bones.sort((a, b) => points[b[0]][2] + points[b[1]][2] - points[a[0]][2] - points[a[1]][2]);
    context.lineCap = "round";
    for (const [joint, parent] of bones) {
      context.globalAlpha = 0.25 + 0.75 * Math.min(this.pose.confidence[joint], this.pose.confidence[parent]);
      context.strokeStyle = colour(this.about.joints[joint]);
      context.lineWidth = Math.max(2, 36 * unit * points[joint][3]);
      context.beginPath(); context.moveTo(points[joint][0], points[joint][1]); context.lineTo(points[parent][0], points[parent][1]); context.stroke();
    }
    context.globalAlpha = 1;
  }
}
