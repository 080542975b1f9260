// WCAG 2.2, 1.4.3: the lowest contrast of visible text, and that text.
() => {
  const numbers = color => color.match(/[0-9.]+/g).map(Number);
  const canvas = document.createElement("div");
  canvas.style.background = "Canvas";
  document.body.append(canvas);
  const base = numbers(getComputedStyle(canvas).backgroundColor);
  canvas.remove();
  const over = (top, below) => {
    const opacity = top[3] ?? 1;
    return [0, 1, 2].map(i => opacity * top[i] + (1 - opacity) * below[i]);
  };
  const behind = e => e ? over(numbers(getComputedStyle(e).backgroundColor), behind(e.parentElement)) : base;
  const luminance = color => {
    const [r, g, b] = color.map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  document.querySelectorAll("details").forEach(details => details.open = true);
  let worst = [99, ""];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const [text, e] = [walk.currentNode.textContent.trim(), walk.currentNode.parentElement];
    if (!text || ["SCRIPT", "STYLE"].includes(e.tagName) || !e.offsetParent) continue;
    const ground = behind(e), ink = over(numbers(getComputedStyle(e).color), ground);
    const [lighter, darker] = [luminance(ink), luminance(ground)].sort((x, y) => y - x);
    const ratio = (lighter + 0.05) / (darker + 0.05);
    if (ratio < worst[0]) worst = [ratio, text.slice(0, 30)];
  }
  return worst;
}
