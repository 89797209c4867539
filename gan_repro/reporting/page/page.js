"use strict";

// ---- the table of verdicts ------------------------------------------------------------------------------------------

function sortableTable(table) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  const collator = new Intl.Collator("en", { numeric: true });

  function compare(column, kind) {
    return (one, other) => {
      const [a, b] = [one.cells[column], other.cells[column]];
      if (kind === "text") {
        return collator.compare(a.textContent, b.textContent);
      }
      return Number(a.dataset.value) - Number(b.dataset.value);
    };
  }

  function missing(row, column, kind) {
    return kind === "text" ? row.cells[column].textContent === "" : row.cells[column].dataset.value === undefined;
  }

  heads.forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      const kind = head.dataset.kind;
      const known = rows.filter((row) => !missing(row, column, kind)).sort(compare(column, kind));
      const unknown = rows.filter((row) => missing(row, column, kind));
      body.append(...(down ? known.reverse() : known), ...unknown); // cells without a value come last either way
      heads.forEach((each) => each.setAttribute("aria-sort", "none"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
    });
  });

  const only = document.getElementById("only-run");
  const count = document.querySelector(".count");
  function filter() {
    table.classList.toggle("only-run", only.checked);
    const shown = only.checked ? rows.filter((row) => row.dataset.run === "yes").length : rows.length;
    count.value = shown + " of " + rows.length + " rows";
  }
  only.addEventListener("change", filter);
  filter();
}

// ---- curves ---------------------------------------------------------------------------------------------------------

function plot(figure) {
  const told = JSON.parse(figure.querySelector("script").textContent);
  const area = figure.querySelector(".area");
  const svg = area.querySelector("svg");
  const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
  const cursor = svg.querySelector(".cursor");
  const dots = svg.querySelector(".dots");
  const heading = figure.querySelector("output");
  const last = told.epochs[told.epochs.length - 1] || 1;
  const written = (value, digits) =>
    value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: Math.max(digits, 3) });
  let place = told.epochs.length - 1;

  function show(index) {
    place = Math.max(0, Math.min(told.epochs.length - 1, index));
    const epoch = told.epochs[place];
    const x = (width * epoch) / last;
    cursor.setAttribute("d", "M" + x + " 0V" + height);
    dots.replaceChildren();
    const words = [];
    for (const line of told.lines) {
      const value = line.values[place];
      const cell = figure.querySelector('[data-line="' + line.name + "-" + line.run + '"]');
      cell.textContent = value === null ? "" : written(Math.round(value * 10) / 10, 1);
      if (value !== null) {
        words.push(told.names[line.name] + ", " + told.runs[line.run] + ": " + cell.textContent);
      }
      if (value !== null && value >= told.low) {
        const dot = document.createElementNS("http://www.w3.org/2000/svg", "path");
        dot.setAttribute("class", "line c" + (line.name % 6));
        dot.setAttribute("d", "M" + x + " " + (height * (told.high - value)) / (told.high - told.low) + "h0.01");
        dots.append(dot);
      }
    }
    heading.value = "epoch " + written(epoch, 0);
    area.setAttribute("aria-valuenow", epoch);
    area.setAttribute("aria-valuetext", heading.value + "; " + words.join("; "));
  }

  function under(event) {
    const box = area.getBoundingClientRect();
    const epoch = ((event.clientX - box.left) / box.width) * last;
    let nearest = 0;
    told.epochs.forEach((each, index) => {
      if (Math.abs(each - epoch) < Math.abs(told.epochs[nearest] - epoch)) {
        nearest = index;
      }
    });
    show(nearest);
  }

  area.addEventListener("pointermove", under);
  area.addEventListener("pointerdown", under);
  area.addEventListener("keydown", (event) => {
    const far = Math.max(1, Math.round(told.epochs.length / 10));
    const to = {
      ArrowLeft: place - 1,
      ArrowDown: place - 1,
      ArrowRight: place + 1,
      ArrowUp: place + 1,
      PageDown: place - far,
      PageUp: place + far,
      Home: 0,
      End: told.epochs.length - 1,
    }[event.key];
    if (to !== undefined && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      show(to);
    }
  });
}

// ---- the explorer ---------------------------------------------------------------------------------------------------

function explorer(root) {
  const sheets = [...root.querySelectorAll("img[data-name]")].map((image) => {
    const number = (key) => Number(image.dataset[key]);
    return {
      image,
      name: image.dataset.name,
      told: image.dataset.told,
      side: number("side"),
      steps: number("steps"),
      labels: number("labels"),
      height: number("height"),
      width: number("width"),
      pixels: null,
    };
  });
  const map = root.querySelector(".map canvas");
  const found = root.querySelector(".found canvas");
  const output = root.querySelector("output");
  const nearest = root.querySelector('[name="nearest"]');
  const labels = root.querySelector(".labels");
  const state = { sheet: null, label: 0, x: 0, y: 0 }; // x, y: images from the left and from the top

  function pixels(sheet) {
    if (!sheet.pixels) {
      const canvas = document.createElement("canvas");
      canvas.width = sheet.side * sheet.width;
      canvas.height = Math.max(1, sheet.labels) * sheet.side * sheet.height;
      const context = canvas.getContext("2d", { willReadFrequently: true });
      context.drawImage(sheet.image, 0, 0);
      sheet.pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
    }
    return sheet.pixels;
  }

  function mixed() {
    const { sheet, label } = state;
    const source = pixels(sheet);
    const { width, height, side } = sheet;
    const [x, y] = nearest.checked ? [Math.round(state.x), Math.round(state.y)] : [state.x, state.y];
    const left = Math.min(Math.floor(x), side - 2);
    const top = Math.min(Math.floor(y), side - 2);
    const [right, low] = [x - left, y - top];
    const corners = [
      [0, 0, (1 - right) * (1 - low)],
      [1, 0, right * (1 - low)],
      [0, 1, (1 - right) * low],
      [1, 1, right * low],
    ];
    const image = new ImageData(width, height);
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        for (let channel = 0; channel < 3; channel++) {
          let sum = 0;
          for (const [across, down, share] of corners) {
            const line = (label * side + top + down) * height + row;
            sum += share * source[4 * (line * side * width + (left + across) * width + column) + channel];
          }
          image.data[4 * (row * width + column) + channel] = sum;
        }
        image.data[4 * (row * width + column) + 3] = 255;
      }
    }
    return image;
  }

  function ring(context, x, y, radius, colour, line) {
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.lineWidth = line;
    context.strokeStyle = colour;
    context.stroke();
  }

  function draw() {
    const { sheet, label } = state;
    if (!sheet) {
      return; // the first image is not decoded yet
    }
    const context = map.getContext("2d");
    const size = map.width;
    const cell = size / sheet.side;
    const middle = (place) => (place + 0.5) * cell;
    const block = sheet.side * sheet.height;
    context.imageSmoothingEnabled = true;
    context.drawImage(sheet.image, 0, label * block, sheet.side * sheet.width, block, 0, 0, size, size);
    context.lineWidth = 1.5;
    context.strokeStyle = "rgb(110, 180, 255)";
    for (let row = 0; row < sheet.side; row += sheet.steps) {
      for (let column = 0; column < sheet.side; column += sheet.steps) {
        context.strokeRect(column * cell + 1, row * cell + 1, cell - 2, cell - 2);
      }
    }
    ring(context, middle(state.x), middle(state.y), Math.max(11, cell * 0.55), "#000", 6);
    ring(context, middle(state.x), middle(state.y), Math.max(11, cell * 0.55), "#ffb347", 3);
    found.width = sheet.width;
    found.height = sheet.height;
    found.getContext("2d").putImageData(mixed(), 0, 0);
    const at = (place) => String(Math.round(100 * (place + 1)) / 100);
    output.value = "row " + at(state.y) + ", column " + at(state.x) + " of " + sheet.side;
    found.setAttribute("aria-label", "The image of " + sheet.name + " at " + output.value);
  }

  function move(x, y) {
    if (!state.sheet) {
      return;
    }
    const end = state.sheet.side - 1;
    state.x = Math.max(0, Math.min(end, x));
    state.y = Math.max(0, Math.min(end, y));
    draw();
  }

  function choice(value) {
    const label = document.createElement("label");
    const input = document.createElement("input");
    const text = document.createElement("span");
    label.className = "choice";
    Object.assign(input, { type: "radio", name: "label", value, checked: value === state.label });
    text.textContent = value;
    input.addEventListener("change", () => {
      state.label = value;
      draw();
    });
    label.append(input, text);
    return label;
  }

  let wanted = -1;
  async function choose(index) {
    const sheet = sheets[(wanted = index)];
    await sheet.image.decode();
    if (wanted !== index) {
      return; // another one was chosen meanwhile
    }
    const middle = Math.floor((sheet.side - 1) / 2);
    Object.assign(state, { sheet, x: middle, y: middle, label: Math.min(state.label, Math.max(0, sheet.labels - 1)) });
    labels.hidden = !sheet.labels;
    const legend = labels.querySelector("legend");
    labels.replaceChildren(legend, ...Array.from({ length: sheet.labels }, (_, index) => choice(index)));
    root.querySelector(".told").textContent = sheet.told;
    draw();
    root.dataset.shown = sheet.name;
  }

  function point(event) {
    if (!state.sheet) {
      return;
    }
    const box = map.getBoundingClientRect();
    const cells = (place, start, length) => ((place - start) / length) * state.sheet.side - 0.5;
    move(cells(event.clientX, box.left, box.width), cells(event.clientY, box.top, box.height));
  }

  map.addEventListener("pointerdown", (event) => {
    map.setPointerCapture(event.pointerId);
    map.focus({ preventScroll: true });
    point(event);
  });
  map.addEventListener("pointermove", (event) => {
    if (map.hasPointerCapture(event.pointerId)) {
      point(event);
    }
  });
  map.addEventListener("keydown", (event) => {
    const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] || [0, 0];
    if ((x || y) && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      if (event.shiftKey) {
        move(Math.round(state.x) + x, Math.round(state.y) + y);
      } else {
        move(state.x + x / 4, state.y + y / 4);
      }
    }
  });
  nearest.addEventListener("change", draw);
  root.querySelectorAll('[name="generator"]').forEach((input) => {
    input.addEventListener("change", () => choose(Number(input.value)));
  });
  choose(Number(root.querySelector('[name="generator"]:checked').value));
}

sortableTable(document.getElementById("verdict-table"));
document.querySelectorAll(".plot").forEach(plot);
document.querySelectorAll("#explorer-app").forEach(explorer);
