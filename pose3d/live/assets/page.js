// The live page: pictures from a camera, a file or a server; poses from the networks here, or from the server.
import { Follower, intrinsicsFromFov } from "./pose.js";
import { Scene, overlay } from "./scene.js";

const $ = id => document.getElementById(id);
const say = text => { $("state").textContent = text; };
const about = await (await fetch("about.json")).json();
const scene = new Scene($("view"), about.pose), picture = $("picture"), context = picture.getContext("2d");
let follower = null, running = 0, shown = 0, started = 0;

function show(image, width, height, pose) {
  const scale = Math.min(1, 960 / Math.max(width, height));
  picture.width = Math.round(width * scale);
  picture.height = Math.round(height * scale);
  context.drawImage(image, 0, 0, picture.width, picture.height);
  if (pose) overlay(context, pose, about.pose, scale);
  scene.show(pose);
  shown++;
  const rate = shown > 1 ? ` · ${((shown - 1) * 1000 / (performance.now() - started)).toFixed(1)} a second` : "";
  if (shown === 1) started = performance.now();
  say(pose ? `${(pose.translation[2] / 1000).toFixed(2)} m away${rate}` : `nobody is seen${rate}`);
  window.live = { shown, pose, running };
}

async function networks() {
  if (follower) return follower;
  say("loading the networks …");
  const ort = await import("./ort/ort.wasm.min.mjs");
  ort.env.wasm.wasmPaths = new URL("./ort/", import.meta.url).href;
  ort.env.wasm.numThreads = window.crossOriginIsolated ? Math.max(1, (navigator.hardwareConcurrency || 2) - 1) : 1;
  const runner = async file => {
    const session = await ort.InferenceSession.create(`networks/${file}`, { executionProviders: ["wasm"] });
    return async (bytes, size) => {
      const answers = await session.run({ crops: new ort.Tensor("uint8", bytes, [1, size, size, 3]) });
      return Object.fromEntries(Object.entries(answers).map(([name, tensor]) => [name, tensor.data]));
    };
  };
  follower = new Follower(await runner("find.onnx"), about.find, await runner("pose.onnx"), about.pose);
  return follower;
}

function begin() {
  shown = 0;
  if (follower) follower.box = null;
  return ++running;
}

const grab = document.createElement("canvas"), grabbed = grab.getContext("2d", { willReadFrequently: true });
async function predict(source, width, height) {
  const net = await networks();
  grab.width = width;
  grab.height = height;
  grabbed.drawImage(source, 0, 0);
  const pose = await net.next(grabbed.getImageData(0, 0, width, height), intrinsicsFromFov(width, height, Number($("fov").value)));
  show(grab, width, height, pose);
}

// The newest frame each time: what comes while the networks compute is dropped.
async function play(video) {
  const turn = begin();
  try {
    await networks();
    await video.play();
    while (turn === running && !video.ended) {
      if (video.readyState >= 2) await predict(video, video.videoWidth, video.videoHeight);
      await new Promise(requestAnimationFrame);
    }
  } catch (error) {
    say(String(error));
    throw error;
  } finally {
    if (video.srcObject) video.srcObject.getTracks().forEach(track => track.stop());
    video.removeAttribute("src");
  }
}

async function open(file) {
  const url = URL.createObjectURL(file);
  if (file.type.startsWith("video/")) {
    const video = Object.assign(document.createElement("video"), { src: url, muted: true, playsInline: true });
    return play(video);
  }
  const image = Object.assign(new Image(), { src: url });
  begin();
  await image.decode();
  await predict(image, image.naturalWidth, image.naturalHeight);
}

$("camera").addEventListener("click", async () => {
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 } } });
    await play(Object.assign(document.createElement("video"), { srcObject: stream, muted: true, playsInline: true }));
  } catch (error) {
    say(`no camera: ${error.message}`);
  }
});
$("stop").addEventListener("click", () => { begin(); say("stopped"); });
$("file").addEventListener("change", () => { if ($("file").files.length) open($("file").files[0]); });
document.addEventListener("dragover", event => event.preventDefault());
document.addEventListener("drop", event => { event.preventDefault(); if (event.dataTransfer.files.length) open(event.dataTransfer.files[0]); });

if (about.server) { // Python sees the pictures; they come together with their poses
  document.body.classList.add("served");
  const events = new EventSource("frames");
  events.onmessage = async event => {
    const frame = JSON.parse(event.data), image = Object.assign(new Image(), { src: `data:image/jpeg;base64,${frame.jpeg}` });
    await image.decode();
    show(image, image.naturalWidth, image.naturalHeight, frame.pose);
  };
  events.addEventListener("end", () => { events.close(); say("the source has ended"); });
  say(`waiting for ${about.server} …`);
} else {
  say("choose a camera or a file, or drop a picture or a video here");
}
window.live = { shown, pose: null, running };
window.livePage = { open, predict, networks };
