#!/usr/bin/env python3
"""Makes the small Whisper model in this folder: speaks words with espeak-ng, trains, converts to CTranslate2.

    make.py speak     words and phrases in two languages and six voices -> speech.pkl   (under a minute) make.py train
    10-second windows first, then Whisper's 30-second windows -> model.pt   (about an hour and a half on 2 cores)
    make.py convert   model.pt -> model.bin, config.json, tokenizer.json, vocabulary.json, preprocessor_config.json

Needs espeak-ng, torch, transformers, tokenizers, faster-whisper, ctranslate2, numpy. Not needed to use the model.
"""

from __future__ import annotations

import concurrent.futures as cf
import json
import pickle
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

RATE = 16_000  # Whisper's sample rate, Hz
_ENGLISH = "zero one two three four five six seven eight nine ten welcome lesson chapter video camera thank you the end"
_SPANISH = "cero uno dos tres cuatro cinco seis siete ocho nueve diez bienvenidos"
WORDS = {  # language: (espeak voice, words it is taught)
    "en": ("en-us", _ENGLISH.split()),
    "es": ("es", _SPANISH.split()),
}
VARIANTS = ["", "+m1", "+m3", "+m7", "+f2", "+f4"]  # espeak-ng voices
# Whisper's own order of languages: their token ids follow from it.
_LANGUAGES = (
    "en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr bg lt la mi ml"
    " cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo so af oc ka be tg sd gu am"
    " yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su"
)
LANGUAGES = _LANGUAGES.split()
FIRST_SPECIAL = 50_257  # Whisper's <|endoftext|>; ids below it are text
SPECIAL = [
    "<|endoftext|>",
    "<|startoftranscript|>",
    *(f"<|{x}|>" for x in LANGUAGES),
    *("<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"),
    *(f"<|{i * 0.02:.2f}|>" for i in range(1501)),
]
Speech = np.ndarray[Any, np.dtype[np.floating[Any]]]
Spoken = tuple[str, list[str], tuple[str, int, int], Speech]
"""Language, words, (variant, words a minute, pitch), samples."""


def say(voice: str, text: str, speed: int, pitch: int) -> Speech:
    """Speech as float16 mono (n,), 16 kHz, silence trimmed."""
    command = ["espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "--stdout", text]
    out = subprocess.run(command, capture_output=True, check=True).stdout
    start = out.find(b"data") + 8
    raw = np.frombuffer(out[start : len(out) - (len(out) - start) % 2], dtype=np.int16).astype(np.float32) / 32768
    x = np.convolve(raw, [0.25, 0.5, 0.25], "same")  # gentle low-pass before 22,050 -> 16,000 Hz
    n = int(len(x) * RATE / 22_050)
    y = np.interp(np.arange(n) * 22_050 / RATE, np.arange(len(x)), x)
    loud = np.where(np.abs(y) > 0.004)[0]
    trimmed: Speech = (y[max(0, loud[0] - 160) : loud[-1] + 320] if len(loud) else y).astype(np.float16)
    return trimmed


def speak() -> None:
    """Speak every word alone and 5,000 random phrases, into speech.pkl."""
    rng = random.Random(3)
    words = [
        (lang, voice + v, [w], v, s, p)
        for lang, (voice, ws) in WORDS.items()
        for w in ws
        for v in VARIANTS
        for s in (130, 155, 180)
        for p in (40, 60)
    ]
    phrases = []
    for _ in range(5000):
        lang = rng.choices(list(WORDS), [0.65, 0.35])[0]
        voice, ws = WORDS[lang]
        v = rng.choice(VARIANTS)
        said = [rng.choice(ws) for _ in range(rng.randint(1, 6))]
        phrases.append((lang, voice + v, said, v, rng.choice([125, 135, 140, 150, 160]), rng.choice([35, 45, 50, 60])))

    def run(task: tuple[str, str, list[str], str, int, int]) -> Spoken:
        lang, voice, said, variant, speed, pitch = task
        return lang, said, (variant, speed, pitch), say(voice, rng.choice([" ", ", "]).join(said), speed, pitch)

    with cf.ThreadPoolExecutor(4) as pool:
        Path("speech.pkl").write_bytes(pickle.dumps((list(pool.map(run, words)), list(pool.map(run, phrases)))))


def tokenizer() -> Any:  # noqa: ANN401 - its type is known only where the trainer is installed
    """Byte-level BPE whose tokens are the taught words,
    padded with unused ids so that Whisper's special ids keep their places.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    if not Path("tokenizer.json").exists():
        t = Tokenizer(models.BPE())
        t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        t.decoder = decoders.ByteLevel()
        every = sorted({w for _, ws in WORDS.values() for w in ws})
        alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
        trainer = trainers.BpeTrainer(vocab_size=2000, initial_alphabet=alphabet, show_progress=False)
        t.train_from_iterator([" " + w for w in every for _ in range(50)], trainer)
        doc = json.loads(t.to_str())
        vocab = doc["model"]["vocab"]
        vocab.update({f"<|unused_{i}|>": i for i in range(len(vocab), FIRST_SPECIAL)})
        flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
        doc["added_tokens"] = [{"id": FIRST_SPECIAL + i, "content": s, **flags} for i, s in enumerate(SPECIAL)]
        Path("tokenizer.json").write_text(json.dumps(doc, ensure_ascii=False), encoding="utf-8")
    return Tokenizer.from_file("tokenizer.json")


def network(window_s: int) -> Any:  # noqa: ANN401 - its type is known only where torch is installed
    """A new Whisper of 3.7 million parameters for windows of `window_s` seconds."""
    from transformers import WhisperConfig, WhisperForConditionalGeneration  # type: ignore[import-not-found]

    eot = FIRST_SPECIAL
    config = WhisperConfig(
        vocab_size=FIRST_SPECIAL + len(SPECIAL),
        num_mel_bins=80,
        d_model=64,
        encoder_layers=3,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=256,
        decoder_ffn_dim=256,
        max_source_positions=window_s * 50,
        max_target_positions=448,
        dropout=0.0,
        pad_token_id=eot,
        bos_token_id=eot,
        eos_token_id=eot,
        decoder_start_token_id=eot + 1,
        begin_suppress_tokens=None,
        suppress_tokens=None,
    )
    return WhisperForConditionalGeneration(config)


class Examples:
    """Random utterances with their Whisper token sequence: language, words, segment times."""

    def __init__(self, window_s: int, seed: int) -> None:
        from faster_whisper.feature_extractor import FeatureExtractor

        self.n = window_s * RATE
        self.window_s, self.rng, self.tok = window_s, random.Random(seed), tokenizer()
        self.features = FeatureExtractor(chunk_length=window_s)
        words, phrases = pickle.loads(Path("speech.pkl").read_bytes())
        self.by_voice: dict[tuple[str, tuple[str, int, int]], dict[str, Speech]] = {}
        for lang, text, voice, y in words:
            self.by_voice.setdefault((lang, voice), {})[text[0]] = y.astype(np.float32)
        self.voices = {lang: [k for k in self.by_voice if k[0] == lang] for lang in WORDS}
        self.phrases: dict[str, list[tuple[list[str], Speech]]] = {}
        for lang, text, _, y in phrases:
            self.phrases.setdefault(lang, []).append((text, y.astype(np.float32)))

    def one(self) -> tuple[Speech, list[int]]:
        """One example: samples and token ids."""
        rng, n, ident = self.rng, self.n, self.tok.token_to_id
        lang = rng.choices(list(WORDS), [0.65, 0.35])[0]
        spoken = self.by_voice[rng.choice(self.voices[lang])]
        x = np.zeros(n + 8 * RATE, np.float32)
        t = int(rng.choice([0.0, rng.uniform(0, 0.4), rng.uniform(0, 3)]) * RATE)
        segments: list[tuple[int, int, list[str]]] = []
        whole_phrases, silent = rng.random() < 0.5, rng.random() < 0.05
        for _ in range(0 if silent else rng.choice([1, 1, 2, 2, 3])):
            start = t
            text: list[str] = []
            for _ in range(1 if whole_phrases else rng.randint(1, 7)):
                if whole_phrases:
                    said, y = rng.choice(self.phrases[lang])
                else:
                    said = [rng.choice(list(spoken))]
                    y = spoken[said[0]]
                if t + len(y) >= len(x):
                    break
                x[t : t + len(y)] += y
                t += len(y) + (0 if whole_phrases else int(rng.uniform(0.01, 0.18) * RATE))
                text += said
            if text:
                segments.append((start, t, text))
            t += int(rng.uniform(0.35, 1.6) * RATE)
            if t > n:
                break
        # Mostly the audio ends soon after the speech, as a real clip does; sometimes it fills the window.
        end = t if segments else int(rng.uniform(0.5, 20) * RATE)
        length = n
        if rng.random() >= 0.15:
            length = min(
                n, max(RATE // 2, end + int(rng.uniform(-0.3, 1.5) * RATE), segments[-1][1] if segments else 0)
            )
        heard: Any = x[:length] * rng.uniform(0.3, 1.3)
        if rng.random() < 0.7:
            heard = heard + np.random.randn(length).astype(np.float32) * 10 ** rng.uniform(-4, -2)
        ids, zero = [ident("<|startoftranscript|>")], ident("<|0.00|>")
        if silent:
            return heard, [*ids, ident("<|nospeech|>"), FIRST_SPECIAL]
        ids += [ident(f"<|{lang}|>"), ident("<|transcribe|>")]
        timed = rng.random() > 0.15
        ids += [] if timed else [ident("<|notimestamps|>")]
        for start, end, text in segments:
            if timed and start < n:
                ids.append(zero + round(start / RATE * 50))
            if end > n:
                break
            ids += self.tok.encode("".join(" " + w for w in text)).ids
            if timed:
                ids.append(zero + round(end / RATE * 50))
        return heard, [*ids, FIRST_SPECIAL]

    def batch(self, size: int) -> tuple[Any, Any, Any]:
        """Tensors of `size` examples: features, tokens given, tokens wanted."""
        import torch  # type: ignore[import-not-found]

        pairs = [self.one() for _ in range(size)]
        width = max(len(ids) for _, ids in pairs) - 1
        given, wanted = torch.full((size, width), FIRST_SPECIAL), torch.full((size, width), -100)
        for i, (_, ids) in enumerate(pairs):
            given[i, : len(ids) - 1], wanted[i, : len(ids) - 1] = torch.tensor(ids[:-1]), torch.tensor(ids[1:])
        # faster-whisper pads the features of a short clip with zeros (not with the features of silence): so do we.
        frames = self.window_s * 100
        mels = [self.features(x)[:, :frames] for x, _ in pairs]
        mel = np.stack([np.pad(f, ((0, 0), (0, frames - f.shape[1]))) for f in mels]).astype(np.float32)
        return torch.tensor(mel), given, wanted


def train() -> None:
    """Train on short windows first, then on Whisper's own, into model.pt."""
    import torch

    torch.manual_seed(0)
    state = None
    for window_s, steps, size, rate in ((10, 4000, 16, 2e-3), (30, 2200, 8, 1.2e-3), (30, 2500, 8, 1.5e-3)):
        net, data = network(window_s), Examples(window_s, seed=steps)
        if state:  # the encoder's positions are fixed sinusoids: only their number changes
            state["model.encoder.embed_positions.weight"] = net.model.encoder.embed_positions.weight.data
            net.load_state_dict(state)
        optimiser = torch.optim.AdamW(net.parameters(), lr=rate, betas=(0.9, 0.98), weight_decay=0.01)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps, pct_start=0.1)
        for step in range(steps):
            mel, given, wanted = data.batch(size)
            hidden = net.model(input_features=mel, decoder_input_ids=given).last_hidden_state
            loss = torch.nn.functional.cross_entropy(net.proj_out(hidden[wanted != -100]), wanted[wanted != -100])
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            if step % 100 == 0:
                sys.stdout.write(f"{window_s} {step} {loss.item():.3f}\n")
                sys.stdout.flush()
        state = net.state_dict()
        torch.save(state, "model.pt")


def convert() -> None:
    """Write model.pt as a CTranslate2 folder, int8."""
    import torch
    from ctranslate2.converters.transformers import WhisperLoader  # type: ignore[import-untyped]

    net = network(30)
    net.load_state_dict(torch.load("model.pt"))
    spec = WhisperLoader().get_model_spec(net.eval())
    tok = tokenizer()
    vocabulary = [t for t, _ in sorted(tok.get_vocab(with_added_tokens=True).items(), key=lambda kv: kv[1])]
    vocabulary[FIRST_SPECIAL - 1] = ""  # CTranslate2 tells a multilingual Whisper by its empty token
    spec.register_vocabulary(vocabulary)
    spec.config.suppress_ids, spec.config.suppress_ids_begin = [], [FIRST_SPECIAL]
    spec.config.lang_ids = [tok.token_to_id(f"<|{x}|>") for x in WORDS]
    spec.config.alignment_heads = [[1, 0], [1, 1]]
    spec.validate()
    spec.optimize(quantization="int8")
    spec.save(".")
    preprocessor = {
        "chunk_length": 4,  # seconds heard at once: more words than fit into that get lost
        "feature_extractor_type": "WhisperFeatureExtractor",
        "feature_size": 80,
        "hop_length": 160,
        "n_fft": 400,
        "sampling_rate": RATE,
        "padding_side": "right",
        "padding_value": 0.0,
        "return_attention_mask": False,
    }
    Path("preprocessor_config.json").write_text(json.dumps(preprocessor), encoding="utf-8")


if __name__ == "__main__":
    {"speak": speak, "train": train, "convert": convert}[sys.argv[1] if len(sys.argv) > 1 else "convert"]()
