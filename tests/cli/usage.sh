# What is typed wrongly: one sentence, the nearest known name, exit status 2.
shows trian
shows frobnicate
shows train --epochs 3
shows train --weight-decay=0
shows train --frobnicate
shows --devise 0 train
shows -x
shows train --out
shows devices --json=yes
shows devices now
shows verify
shows import data.pkl
shows synth
shows synth -o x.safetensors --like friends
shows synth -o x.safetensors --dialogues many
shows synth -o x.safetensors --dims 3,4
shows predict x.safetensors --format xml
shows --verbose --quiet devices
shows train one.ini two.ini
shows train missing.ini
shows train --set model.hiden=8
shows train --set model.hidden=12abc
shows train --set model.hidden=0
shows train --set trane.epochs=3
shows train --set epochs=3
shows train --set train.epochs
shows train --resume nowhere
shows train --resume nowhere --out elsewhere

printf '[model]\nhidden = 16\n\n[train]\nbatchsize = 4\n' >misspelt.ini
shows train misspelt.ini
printf '[train]\nepochs = 3\nepochs = 4\n' >twice.ini
shows train twice.ini
printf '[train]\nlr = fast\n' >number.ini
shows train number.ini
printf '[experiment]\nname = nothing\n' >nodata.ini
shows train nodata.ini

# Nothing was made on the way.
ls
