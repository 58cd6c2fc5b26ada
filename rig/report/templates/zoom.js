(() => {
  const MOST = 2000;  // a window is never narrower than this part of the whole
  const PREFIXES = {"-9": "n", "-6": "µ", "-3": "m", "0": "", "3": "k"};
  const NAMESPACE = "http://www.w3.org/2000/svg";
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
  const numbers = (text) => text.split(" ").map(Number);

  // The same rules as of the figure that was drawn first.
  const fitting = (extent, symbol) => {
    let exponent = extent > 0 ? Math.floor(Math.log10(extent * 1.000001) / 3) * 3 : 0;
    exponent = clamp(exponent, -9, symbol === "s" ? 0 : 3);
    return [PREFIXES[exponent] + symbol, 10 ** exponent];
  };
  const ticks = (low, high, factor, wanted) => {
    const from = low / factor, to = high / factor;
    const rough = (to - from) / wanted;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough * 0.999);
    const places = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    const found = [];
    for (let index = Math.ceil(from / step - 1e-9); index <= Math.floor(to / step + 1e-9); index += 1) {
      found.push([index * step * factor, (index * step).toFixed(places).replace(/^-(0(\.0*)?)$/, "$1").replace("-", "−")]);
    }
    return found;
  };

  class Panel {
    constructor(element, figure) {
      this.element = element;
      this.figure = figure;
      this.plot = element.querySelector(".plot");
      this.curve = element.querySelector(".trace");
      this.axes = element.querySelector(".axes");
      this.levels = element.querySelector(".levels");
      [this.left, this.top, this.width, this.height] = numbers(this.plot.getAttribute("viewBox"));
      this.x = numbers(element.dataset.x);
      this.y = numbers(element.dataset.y);
      this.window = [0, 1];  // parts of the frame's width and height, from its left and from its foot
      this.heights = [0, 1];
      this.first = {axes: this.axes.innerHTML, levels: this.levels && this.levels.innerHTML};
      this.tall = element.dataset.unit !== "";
    }

    get changed() { return this.window[0] > 0 || this.window[1] < 1 || this.heights[0] > 0 || this.heights[1] < 1; }

    look() {  // the closer look is unpacked when it is first asked for
      if (this.closer) return;
      this.closer = true;
      const bytes = Uint8Array.from(atob(this.element.dataset.trace), (letter) => letter.charCodeAt(0));
      const view = new DataView(bytes.buffer), count = bytes.length / 8;
      const [least, greatest] = numbers(this.element.dataset.values);
      const foot = this.top + this.height, per = this.height / (this.y[1] - this.y[0]);
      const down = (code) => foot - (least + (greatest - least) * code / 65535 - this.y[0]) * per;
      const points = [];
      let last = 0;
      for (let index = 0; index < count; index += 1) {
        const across = (this.left + this.width * view.getUint32(4 * index, true) / 4294967295).toFixed(4);
        const low = view.getUint16(4 * count + 2 * index, true), high = view.getUint16(6 * count + 2 * index, true);
        const pair = low === high ? [low] : Math.abs(last - low) <= Math.abs(last - high) ? [low, high] : [high, low];
        for (const code of pair) points.push(`${across} ${down(code).toFixed(3)}`);
        last = pair[pair.length - 1];
      }
      this.curve.setAttribute("d", `M${points.join("L")}`);
    }

    zoom(factor, at, tall = false) {
      const range = tall && this.tall ? this.heights : this.window;
      const size = clamp((range[1] - range[0]) / factor, 1 / (range === this.heights ? 50 : MOST), 1);
      const middle = range[0] + at * (range[1] - range[0]);
      range[0] = clamp(middle - at * size, 0, 1 - size);
      range[1] = range[0] + size;
      this.show();
    }

    pan(across, up) {
      for (const [range, by] of [[this.window, across], [this.heights, up]]) {
        const size = range[1] - range[0];
        range[0] = clamp(range[0] + by * size, 0, 1 - size);
        range[1] = range[0] + size;
      }
      this.show();
    }

    reset() {
      this.window = [0, 1];
      this.heights = [0, 1];
      this.show();
    }

    show() {
      const wide = this.window[1] - this.window[0], tall = this.heights[1] - this.heights[0];
      const x = this.left + this.width * this.window[0], y = this.top + this.height * (1 - this.heights[1]);
      if (this.changed) this.look();
      this.plot.setAttribute("viewBox", `${x} ${y} ${this.width * wide} ${this.height * tall}`);
      for (const text of this.plot.querySelectorAll("text")) {  // letters keep their shape
        const [tx, ty] = [Number(text.getAttribute("x")), Number(text.getAttribute("y"))];
        text.setAttribute("transform", `matrix(${wide} 0 0 ${tall} ${tx * (1 - wide)} ${ty * (1 - tall)})`);
      }
      const mark = this.element.querySelector(".mark");
      if (mark) {
        const at = Number(mark.dataset.at), there = this.left + (at - x) / wide;
        mark.setAttribute("transform", `translate(${there - at} 0)`);
        mark.setAttribute("visibility", there < this.left || there > this.left + this.width ? "hidden" : "visible");
      }
      if (this.changed) this.label(wide, tall, y);
      else {
        this.axes.innerHTML = this.first.axes;
        if (this.levels) this.levels.innerHTML = this.first.levels;
      }
      this.figure.tell(this);
    }

    label(wide, tall, y) {
      const [low, high] = this.seen(this.x, this.window), [least, most] = this.seen(this.y, this.heights);
      const foot = this.top + this.height;
      const fresh = [], line = [];
      const text = (at, down, content, anchor, more = {}) => {
        const made = document.createElementNS(NAMESPACE, "text");
        for (const [name, value] of Object.entries({x: at, y: down, "text-anchor": anchor, ...more})) made.setAttribute(name, value);
        made.textContent = content;
        fresh.push(made);
      };
      const extent = this.element.dataset.across === "extent" ? (high - low) / 5 : Math.max(Math.abs(low), Math.abs(high));
      const [unit, factor] = fitting(extent, "s");
      for (const [value, label] of ticks(low, high, factor, this.tall ? 8 : 6)) {
        const at = this.left + this.width * (value - low) / (high - low);
        line.push(this.tall ? `M${at} ${this.top}V${foot}` : `M${at} ${foot}v3`);
        text(at, foot + 15, label, "middle");
      }
      text(this.left + this.width / 2, foot + 30, `${this.element.dataset.time} / ${unit}`, "middle");
      if (this.tall) {
        const [levelUnit, levelFactor] = fitting(Math.max(Math.abs(least), Math.abs(most)), this.element.dataset.unit);
        for (const [value, label] of ticks(least, most, levelFactor, 5)) {
          const down = foot - this.height * (value - least) / (most - least);
          line.push(`M${this.left} ${down}H${this.left + this.width}`);
          text(this.left - 6, down + 4, label, "end");
        }
        const middle = this.top + this.height / 2;
        text(0, 0, `${this.element.dataset.level} / ${levelUnit}`, "middle", {transform: `translate(13 ${middle}) rotate(-90)`});
      }
      const path = document.createElementNS(NAMESPACE, "path");
      for (const [name, value] of Object.entries({d: line.join(""), stroke: this.tall ? "#e3e6ea" : "#6b747e", fill: "none"})) path.setAttribute(name, value);
      this.axes.replaceChildren(path, ...fresh);
      if (this.levels) this.place(y, tall);
    }

    seen(axis, range) { return range.map((part) => axis[0] + (axis[1] - axis[0]) * part); }

    place(y, tall) {  // names of levels stay beside them, and apart from each other
      this.levels.innerHTML = this.first.levels;
      let above = -Infinity;
      for (const one of this.levels.children) {
        const down = this.top + (Number(one.dataset.at) - y) / tall;
        const inside = down >= this.top && down <= this.top + this.height;
        one.setAttribute("visibility", inside ? "visible" : "hidden");
        if (!inside) continue;
        const place = Math.max(down, above + 12.5);
        above = place;
        one.querySelector("text").setAttribute("y", place + 4);
        const leader = one.querySelector("path"), right = this.left + this.width;
        if (leader) leader.setAttribute("d", `M${right} ${down}L${right + 5} ${place}`);
      }
    }
  }

  class Figure {
    constructor(element) {
      this.element = element;
      this.panels = [...element.querySelectorAll(".panel")].map((panel) => new Panel(panel, this));
      if (!this.panels.length) return;
      this.last = this.panels[0];
      this.tools();
      for (const panel of this.panels) this.attach(panel);
      addEventListener("beforeprint", () => this.reset());
    }

    tools() {
      this.said = document.createElement("output");
      const bar = document.createElement("div");
      bar.className = "zoom";
      bar.setAttribute("role", "group");
      bar.setAttribute("aria-label", "Closer look at the figure");
      const button = (sign, name, does) => {
        const made = document.createElement("button");
        made.type = "button";
        made.textContent = sign;
        made.title = name;
        made.setAttribute("aria-label", name);
        made.addEventListener("click", does);
        return made;
      };
      bar.append(
        this.said,
        button("+", "Zoom in", () => this.last.zoom(2, 0.5)),
        button("−", "Zoom out", () => this.last.zoom(0.5, 0.5)),
        button("Reset", "Show all of it again", () => this.reset()),
      );
      this.element.prepend(bar);
    }

    reset() { for (const panel of this.panels) if (panel.changed) panel.reset(); }

    tell(panel) {
      this.last = panel;
      const wide = panel.window[1] - panel.window[0], tall = panel.heights[1] - panel.heights[0];
      this.said.textContent = panel.changed ? `time × ${Math.round(10 / wide) / 10}${tall < 1 ? `, height × ${Math.round(10 / tall) / 10}` : ""}` : "";
    }

    attach(panel) {
      const frame = panel.plot;
      frame.setAttribute("tabindex", "0");
      frame.setAttribute("role", "group");
      frame.setAttribute("aria-label", "Plus and minus zoom, with Shift the height; arrows move; 0 shows all");
      const back = document.createElementNS(NAMESPACE, "rect");  // what is empty can be seized as well
      for (const [name, value] of Object.entries({x: panel.left, y: panel.top, width: panel.width, height: panel.height, fill: "#fff", "fill-opacity": 0})) back.setAttribute(name, value);
      frame.prepend(back);
      const at = (event) => {
        const box = this.element.querySelector("svg").getBoundingClientRect(), scale = 720 / box.width;
        return [
          clamp(((event.clientX - box.left) * scale - panel.left) / panel.width, 0, 1),
          clamp(1 - ((event.clientY - box.top) * scale - panel.top) / panel.height, 0, 1),
        ];
      };
      frame.addEventListener("wheel", (event) => {
        const turned = event.deltaY || event.deltaX;  // with Shift some browsers turn the wheel sideways
        if (!turned || (event.timeStamp - scrolled < 250) || (turned > 0 && !panel.changed)) {
          scrolled = event.timeStamp;  // who scrolls past is not stopped
          return;
        }
        event.preventDefault();
        const [x, y] = at(event);
        panel.zoom(Math.exp(-clamp(turned, -240, 240) / 300), event.shiftKey && panel.tall ? y : x, event.shiftKey);
      }, {passive: false});
      frame.addEventListener("pointerdown", (event) => {
        if (event.button) return;
        this.last = panel;
        this.seized = [event.clientX, event.clientY];
        frame.setPointerCapture(event.pointerId);
      });
      frame.addEventListener("pointermove", (event) => {
        if (!this.seized) return;
        const scale = 720 / this.element.querySelector("svg").getBoundingClientRect().width;
        const [x, y] = this.seized;
        panel.pan((x - event.clientX) * scale / panel.width, (event.clientY - y) * scale / panel.height);
        this.seized = [event.clientX, event.clientY];
      });
      for (const name of ["pointerup", "pointercancel"]) frame.addEventListener(name, () => { this.seized = null; });
      frame.addEventListener("dblclick", () => panel.reset());
      frame.addEventListener("keydown", (event) => {
        const does = {
          "+": () => panel.zoom(2, 0.5, false), "=": () => panel.zoom(2, 0.5, false), "-": () => panel.zoom(0.5, 0.5, false),
          "*": () => panel.zoom(2, 0.5, true), "_": () => panel.zoom(0.5, 0.5, true),
          ArrowLeft: () => panel.pan(-0.2, 0), ArrowRight: () => panel.pan(0.2, 0),
          ArrowUp: () => panel.pan(0, 0.2), ArrowDown: () => panel.pan(0, -0.2),
          0: () => panel.reset(), Home: () => panel.reset(), Escape: () => panel.reset(),
        }[event.key];
        if (!does || event.ctrlKey || event.metaKey || event.altKey) return;
        if (event.key.startsWith("Arrow") && !panel.changed) return;
        event.preventDefault();
        does();
      });
    }
  }

  let scrolled = -Infinity;
  addEventListener("wheel", (event) => { if (!event.target.closest || !event.target.closest(".plot")) scrolled = event.timeStamp; }, {passive: true});
  for (const element of document.querySelectorAll("figure")) new Figure(element);
})();
