// Draws each figure when it comes near the window, in the colours of the reader's theme.
(() => {
  const config = { displayModeBar: false, responsive: true, scrollZoom: false };
  const drawn = new Set();

  // "var(--name)" anywhere in a figure stands for a variable of the style sheet.
  const themed = (node, style) => {
    if (typeof node === "string") {
      const match = node.match(/^var\((--[\w-]+)\)$/);
      return match ? style.getPropertyValue(match[1]).trim() : node === "inherit" ? style.fontFamily : node;
    }
    if (Array.isArray(node)) return node.map((item) => themed(item, style));
    if (node && typeof node === "object") {
      return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, themed(value, style)]));
    }
    return node;
  };

  const draw = (element) => {
    const figure = themed(
      JSON.parse(document.getElementById(element.dataset.figure).textContent),
      getComputedStyle(document.body),
    );
    if (element.classList.contains("turn")) figure.layout.height = element.clientHeight;
    drawn.add(element);
    return Plotly.react(element, figure.data, figure.layout, config);
  };

  const observer = new IntersectionObserver(
    (entries) => {
      for (const entry of entries.filter((e) => e.isIntersecting)) {
        observer.unobserve(entry.target);
        draw(entry.target);
      }
    },
    { rootMargin: "400px" },
  );
  document.querySelectorAll(".drawing").forEach((element) => observer.observe(element));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.forEach(draw));
})();
